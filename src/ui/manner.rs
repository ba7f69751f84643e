//! How text is put on the terminal at hand: what one column is to it, and what must not be seen. Both hold for
//! every text of a frame, wherever it is measured, cut or drawn, so they belong to the thread that draws while
//! it does, and not to each call: a panel cannot forget them.

use std::cell::Cell;

/// How text is put on the terminal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Manner {
    /// East Asian *ambiguous* characters take two columns (Unicode Standard Annex 11), as terminals with Japanese
    /// fonts have it.
    pub wide: bool,
    /// Account, addresses, ids and ARNs are hidden ([`super::mask`]).
    pub masked: bool,
}

thread_local! {
    static MANNER: Cell<Manner> = const { Cell::new(Manner { wide: false, masked: false }) };
}

impl Manner {
    /// The one that holds on this thread; the default where nothing is drawn.
    pub fn now() -> Self {
        MANNER.get()
    }

    /// Lets it hold on this thread until the result is dropped.
    #[must_use]
    pub fn enter(self) -> Entered {
        Entered(MANNER.replace(self))
    }
}

/// Takes back what [`Manner::enter`] did.
pub struct Entered(Manner);

impl Drop for Entered {
    fn drop(&mut self) {
        MANNER.set(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_until_it_is_dropped() {
        assert_eq!(Manner::now(), Manner::default());
        let wide = Manner { wide: true, masked: false };
        {
            let _outer = wide.enter();
            assert_eq!(Manner::now(), wide);
            {
                let _inner = Manner { masked: true, ..wide }.enter();
                assert!(Manner::now().masked);
            }
            assert_eq!(Manner::now(), wide);
        }
        assert_eq!(Manner::now(), Manner::default());
    }
}
