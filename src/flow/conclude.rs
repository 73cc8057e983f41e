//! The end of every story: commit first, then acknowledge, ring and wake.

use super::gateway::Gateway;
use super::port::{PortError, PortResult};
use crate::domain::alert::Alert;
use crate::domain::answer::Answer;
use crate::domain::delivery::{Urgency, turn};
use crate::domain::record::{Commit, Committed, Write};

impl Gateway {
    /// Commits all of it, and says what the peer is told; `None` when others changed what the writes were decided on, and
    /// nothing was written.
    pub(super) async fn conclude(&self, writes: Vec<Write>) -> PortResult<Option<Answer>> {
        Ok(match self.commit(writes).await? {
            Committed::Done | Committed::Duplicate => Some(Answer::ACCEPTED),
            Committed::Conflict => None,
        })
    }

    /// Commits all of it. What rings and wakes does so after the commit alone.
    pub(super) async fn commit(&self, mut writes: Vec<Write>) -> PortResult<Committed> {
        line_up(&mut writes);
        let alerts: Vec<Alert> = writes.iter().filter_map(raised).collect();
        let mail_waits = writes.iter().any(|write| matches!(write, Write::Outbox(_)));
        let committed = self.archive.commit(Commit { writes }).await?;
        if committed == Committed::Done {
            for alert in &alerts {
                self.bell.ring(alert).await;
            }
            if mail_waits {
                self.waker.wake();
            }
        }
        Ok(committed)
    }
}

/// Gives the mails of a story their places in the queue.
fn line_up(writes: &mut [Write]) {
    let mails = writes.iter_mut().filter_map(|write| if let Write::Outbox(item) = write { Some(item) } else { None });
    for (place, item) in mails.enumerate() {
        item.turn = turn(item.turn, place, Urgency::Usual);
    }
}

fn raised(write: &Write) -> Option<Alert> {
    let Write::Alert(alert) = write else { return None };
    Some((**alert).clone())
}

/// The outside failed: nothing was taken, the peer keeps the mail.
pub(super) fn failed(error: &PortError) -> Answer {
    tracing::error!(%error, "message not taken");
    Answer::TRY_AGAIN
}
