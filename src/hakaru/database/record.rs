//! Recording a batch: one statement as long as nothing is wrong with it, and a search for the row that is.

use super::statement::{Row, Stamp, runs};
use super::{Fault, Kind, Link};

/// A row that the database does not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its place in the batch.
    pub index: usize,
    /// What the database says.
    pub reason: String,
}

/// A batch that is not known to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Nothing of it is.
    Never {
        /// Trying again at once has a chance.
        again: bool,
        /// Why.
        text: String,
    },
    /// It may be recorded, and may not.
    Unknown {
        /// Why.
        text: String,
    },
}

impl Failure {
    /// Why.
    pub fn text(&self) -> &str {
        match self {
            Self::Never { text, .. } | Self::Unknown { text } => text,
        }
    }
}

impl Link {
    /// Records rows, and with them the stamp of their batch, which was never used before. What is refused is not
    /// recorded; everything else is, when this returns.
    ///
    /// # Errors
    /// As [`Failure`] says; the connection is of no use any more, unless trying again has a chance.
    pub async fn record(&mut self, rows: &[Row<'_>], stamp: Option<Stamp>) -> Result<Vec<Refused>, Failure> {
        let dialect = self.dialect();
        if runs(rows, self.most).len() == 1 {
            let insert = dialect.insert(rows);
            let sql = match stamp {
                None => insert,
                Some(stamp) => format!("{};{};{insert};COMMIT", dialect.begin(), dialect.stamp(stamp)),
            };
            match self.run(sql).await {
                Ok(()) => return Ok(Vec::new()),
                Err(fault) if fault.kind == Kind::Lost => return Err(Failure::Unknown { text: fault.text }),
                Err(fault) => {
                    if stamp.is_some() {
                        self.roll_back(&fault).await?;
                    }
                    if fault.kind != Kind::Row {
                        return Err(Failure::never(fault));
                    }
                }
            }
        }
        self.begin().await?;
        let refused = self.write(rows, stamp.as_slice()).await?;
        self.commit().await?;
        Ok(refused)
    }

    /// Begins a transaction.
    pub async fn begin(&mut self) -> Result<(), Failure> {
        self.run(self.dialect().begin()).await.map_err(Failure::never)
    }

    /// The batch that a lane recorded last; waits for one that is being recorded by a connection that is gone.
    pub async fn stamped(&mut self, writer: u64, lane: u32) -> Result<Option<u64>, Failure> {
        match self.number(self.dialect().stamped(writer, lane)).await {
            Ok(batch) => Ok(batch.and_then(|b| u64::try_from(b).ok())),
            Err(fault) => self.give_up(fault).await,
        }
    }

    /// Writes rows and stamps inside the transaction. A failed statement that holds a row at fault is cut in two
    /// until that row is found.
    pub async fn write(&mut self, rows: &[Row<'_>], stamps: &[Stamp]) -> Result<Vec<Refused>, Failure> {
        let dialect = self.dialect();
        for stamp in stamps {
            if let Err(fault) = self.run(dialect.stamp(*stamp)).await {
                return self.give_up(fault).await;
            }
        }
        let mut refused = Vec::new();
        let mut left = runs(rows, self.most);
        left.reverse();
        while let Some(run) = left.pop() {
            let part = rows.get(run.clone()).unwrap_or_default();
            match self.run(dialect.insert(part)).await {
                Ok(()) => {}
                Err(Fault { kind: Kind::Row, text }) if part.len() <= 1 => {
                    refused.push(Refused { index: run.start, reason: text });
                }
                Err(Fault { kind: Kind::Row, .. }) => {
                    let middle = run.start + part.len() / 2;
                    left.push(middle..run.end);
                    left.push(run.start..middle);
                }
                Err(fault) => return self.give_up(fault).await,
            }
        }
        Ok(refused)
    }

    /// Ends the transaction; everything in it is recorded when this returns.
    pub async fn commit(&mut self) -> Result<(), Failure> {
        match self.run("COMMIT").await {
            Ok(()) => Ok(()),
            Err(fault) if fault.kind == Kind::Lost => Err(Failure::Unknown { text: fault.text }),
            Err(fault) => self.give_up(fault).await,
        }
    }

    /// Ends the transaction; nothing in it is recorded. A connection that cannot even do that ends it by ending.
    pub async fn give_up<T>(&mut self, fault: Fault) -> Result<T, Failure> {
        if fault.kind != Kind::Lost {
            self.roll_back(&fault).await?;
        }
        Err(Failure::never(fault))
    }

    async fn roll_back(&mut self, because: &Fault) -> Result<(), Failure> {
        match self.run("ROLLBACK").await {
            Ok(()) => Ok(()),
            // SQLite has ended it by itself.
            Err(fault) if fault.text.contains("no transaction is active") => Ok(()),
            Err(_) => Err(Failure::never(Fault::new(Kind::Lost, because.text.clone()))),
        }
    }
}

impl Failure {
    /// Before its commit was sent a transaction leaves nothing.
    fn never(fault: Fault) -> Self {
        Self::Never { again: matches!(fault.kind, Kind::Again), text: fault.text }
    }
}
