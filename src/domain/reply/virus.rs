//! What our scanner found, or one in front of us has marked. A forged mark only holds the forger's own mail.

use super::{Finding, Message, ReplyClass};

const FIELDS: [&str; 3] = ["X-Virus-Status", "X-Amavis-Alert", "X-Virus-Flag"];

pub(super) fn evidence(message: &Message<'_>) -> Option<Finding> {
    if let Some(virus) = &message.context.scanned.virus {
        return Some(Finding::new(ReplyClass::Virus, format!("the virus scanner says: {virus}")));
    }
    let is_marked = |field: &&&str| {
        message.mail.header_all(field).any(|value| {
            let value = value.trim().to_lowercase();
            value.starts_with("infected") || value.starts_with("yes")
        })
    };
    FIELDS.iter().find(is_marked).map(|field| Finding::new(ReplyClass::Virus, format!("{field} says that a virus was found")))
}
