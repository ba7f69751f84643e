//! `kakeru-follow`: the load of another miharu, which says on standard input where the tasks are: a line of JSON
//! each time, the list of addresses. Ends with it.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;

use color_eyre::eyre::{self, WrapErr};
use tokio::sync::watch;

use crate::kakeru::follow::{Errand, Second};
use crate::kakeru::metrics::{self, Page};
use crate::kakeru::{self, Stop, Totals};

use super::signals;

/// Puts the load on until the end of its plan, or until it is told to stop.
///
/// # Errors
/// The errand is not one, or the load cannot be started.
pub fn run(errand: &str) -> eyre::Result<ExitCode> {
    let errand: Errand = serde_json::from_str(errand).wrap_err("no errand")?;
    let (sender, addresses) = watch::channel(Vec::new());
    let load = errand.load(addresses.clone())?;
    let stop = Stop::default();
    let told = move |line: &str| match serde_json::from_str::<Vec<SocketAddr>>(line) {
        Ok(list) => _ = sender.send_replace(list),
        Err(error) => super::super::say(&format!("kakeru: no list of addresses: {error}")),
    };
    crate::cli::tied::lines(told, stop.stop.clone())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = metrics::listen(errand.metrics).await;
        let listener =
            listener.wrap_err_with(|| format!("/metrics cannot be served at {}", errand.metrics))?;
        let totals = Totals::default();
        let page =
            Page { totals: totals.clone(), rate_per_s: load.plan.rate_per_s(), instances: Some(addresses) };
        let work = kakeru::run(&load, &stop, |live| {
            kakeru::keep(&totals, live);
            if tell(&Second::of(live)).is_err() {
                // Nobody listens any more.
                stop.stop.cancel();
                stop.abandon.cancel();
            }
        });
        tokio::select! {
            ended = work => { ended?; }
            never = signals(&stop) => match never? {},
            () = metrics::serve(listener, page) => {}
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn tell(second: &Second) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(second)?;
    line.push(b'\n');
    let mut out = std::io::stdout().lock();
    out.write_all(&line)?;
    out.flush()
}
