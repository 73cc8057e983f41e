//! Bytes to [`InboundMail`].

use super::fields::{Block, RawField};
use super::structure::{Leaf, Walk};
use super::{InboundMail, MimeLimits, Part, Seal, body, calendars, doubts, pgp};

/// Parses a message. Never fails, never panics, bounded by `limits`.
pub fn read(raw: &[u8], limits: &MimeLimits) -> InboundMail {
    let block = Block::read(raw);
    let walk = Walk::over(raw, limits);
    let (seal, is_signed) = (walk.seal, walk.is_signed);
    let calendars = calendars::find(&walk.leaves);
    let mut defects: Vec<String> = walk.defects.into_iter().map(str::to_owned).collect();
    let parts: Vec<Part> = walk.leaves.into_iter().map(|Leaf { part, .. }| part).collect();
    let (text, html) = body::words(parts.iter());
    let seal = seal.or_else(|| pgp::is_sealed(&text).then_some(Seal::OpenPgp));
    let is_signed = is_signed || pgp::has_signed(&parts);
    let content = block.content("Content-Type").unwrap_or_default();
    let mut mailboxes = |name: &str| {
        let (mailboxes, bad) = block.mailboxes(name);
        if bad > 0 {
            defects.push(format!("{bad} of the addresses in {name} cannot be read"));
        }
        mailboxes
    };
    let (from, sender, reply_to) = (mailboxes("From"), mailboxes("Sender"), mailboxes("Reply-To"));
    let (to, cc) = (mailboxes("To"), mailboxes("Cc"));
    let from_fields = block.named("From").count();
    if from_fields > 1 {
        defects.push("more than one From field".to_owned());
    }
    if block.has_strays {
        defects.push("a header line is no field".to_owned());
    }
    if walk.truncated {
        defects.push("too many or too deeply nested parts: not all were looked at".to_owned());
    }
    let author = match from.as_slice() {
        [one] => Some(&one.mailbox),
        _ => None,
    };
    InboundMail {
        doubts: doubts::doubts(raw, author),
        message_id: block.message_ids("Message-ID").into_iter().next(),
        in_reply_to: block.message_ids("In-Reply-To"),
        references: block.message_ids("References"),
        from,
        from_fields,
        sender: sender.into_iter().next(),
        reply_to,
        to,
        cc,
        subject: block.text("Subject").unwrap_or_default().trim().to_owned(),
        date: block.date(),
        headers: block.fields.iter().map(RawField::to_field).collect(),
        content_type: if content.kind.contains('/') { content.kind } else { "text/plain".to_owned() },
        content_type_parameters: content.parameters,
        text,
        html,
        parts,
        calendars,
        seal,
        is_signed,
        defects,
        truncated: walk.truncated,
    }
}
