//! Reports on the delivery of our mail: RFC 3464, and the many forms without it, recognized by the weight of
//! several signs. Which guest it is about is said by the return path alone, never by the text.

use super::delivery_fields::{self, RecipientFields};
use super::lexicon::{Lexicon, fold};
use super::verdict::{self, Codes};
use super::{DeliveryReport, Door, Finding, Message, ReplyClass, auto_reply, read_receipt, spam};
use crate::domain::mime::Placement;

/// Weight that is enough by itself.
const ENOUGH: u32 = 5;
/// Weight that is enough at a return path of ours, where bounces are what comes.
const ENOUGH_AT_RETURN_PATH: u32 = 4;
/// Weight that is enough where there are no header fields at all to weigh (content only).
const ENOUGH_WITHOUT_HEADERS: u32 = 3;
/// Most addresses that are listed.
const RECIPIENTS_MAX: usize = 20;
/// Most octets of a report's words that are looked at: what it says stands above the copy of the mail.
const WORDS_LOOKED_AT: usize = 64 * 1024;

pub(super) fn evidence(message: &Message<'_>) -> Option<Finding> {
    let fields = delivery_fields::read(message.mail);
    let signs = if fields.is_empty() { weighed(message)? } else { vec!["it is a delivery report (RFC 3464)".to_owned()] };
    let words = own_words(message);
    let report = report(message, &fields, &words);
    let mut reasons = signs;
    reasons.push(format!("action {}, status {}", report.action, if report.status.is_empty() { "none" } else { &report.status }));
    Some(Finding { class: ReplyClass::DeliveryStatus, reasons, delivery: Some(report) })
}

/// The signs of a bounce without machine-readable fields, when they weigh enough.
fn weighed(message: &Message<'_>) -> Option<Vec<String>> {
    let mail = message.mail;
    let declared = mail.parameter("report-type").map(str::to_ascii_lowercase);
    if read_receipt::is_refusal(message) {
        return Some(vec!["the mailbox's own rules refused the mail (RFC 5429)".to_owned()]);
    }
    if declared.as_deref().is_some_and(|kind| kind != "delivery-status") || message.calendar.is_some() || spam::is_machine_report(message) {
        return None;
    }
    let null = message.context.null_reverse_path || mail.header("Return-Path").is_some_and(|path| path.trim() == "<>");
    let copied =
        mail.parts.iter().any(|part| part.placement == Placement::Embedded) || Lexicon::BOUNCE.find("copies", &message.words).is_some();
    let subject = Lexicon::BOUNCE.find("subjects", &message.subject);
    let announcement = Lexicon::BOUNCE.find("announcements", &fold(&own_words(message)));
    let signs = [
        (5, mail.header("X-Failed-Recipients").is_some(), "X-Failed-Recipients names the failed address".to_owned()),
        (4, declared.is_some(), "it is declared a delivery report".to_owned()),
        (2, null, "a null reverse-path".to_owned()),
        (3, is_from_a_mail_system(message), "it comes from a mail system".to_owned()),
        (2, subject.is_some(), format!("its subject says \u{201c}{}\u{201d}", subject.unwrap_or_default())),
        (3, announcement.is_some(), format!("its text says \u{201c}{}\u{201d}", announcement.unwrap_or_default())),
        (1, copied, "a copy of the failed mail".to_owned()),
    ];
    let weight: u32 = signs.iter().filter(|(_, seen, _)| *seen).map(|(weight, _, _)| weight).sum();
    let against = against(message);
    let enough = match message.context.door {
        Door::GuestBounce | Door::OrganizerBounce => ENOUGH_AT_RETURN_PATH,
        Door::Assumed if mail.headers.is_empty() => ENOUGH_WITHOUT_HEADERS,
        Door::OrganizerAlias | Door::GuestAlias | Door::Assumed => ENOUGH,
    };
    (weight >= enough + against).then(|| signs.into_iter().filter(|(_, seen, _)| *seen).map(|(_, _, sign)| sign).collect())
}

/// Signs of a person or of a responder, who may speak of bounces too.
fn against(message: &Message<'_>) -> u32 {
    let in_thread = message.subject.starts_with("re:") || message.subject.starts_with("fwd:");
    let responds = auto_reply::has_subject(message);
    2 * u32::from(in_thread && !is_from_a_mail_system(message)) + 3 * u32::from(responds)
}

/// Senders that only mail servers use.
fn is_from_a_mail_system(message: &Message<'_>) -> bool {
    const NAMES: [&str; 14] = [
        "post_master",
        "mailer-daemon",
        "mailerdaemon",
        "mailer daemon",
        "mail-daemon",
        "postmaster",
        "mail delivery",
        "mail administrator",
        "email delivery",
        "mdaemon",
        "mmdf mail system",
        "maildelivery",
        "mail system",
        "delivery subsystem",
    ];
    let from = fold(message.mail.header("From").unwrap_or_default());
    from == "<>" || from.is_empty() && !message.mail.headers.is_empty() || NAMES.iter().any(|name| from.contains(name))
}

/// The text up to the copy of the failed mail.
fn own_words(message: &Message<'_>) -> String {
    let text = &message.mail.text;
    let starts_copy = |line: &str| {
        let folded = fold(line.trim_start_matches(|c: char| !c.is_alphanumeric()));
        Lexicon::BOUNCE.section("copy-starts").any(|start| folded.starts_with(start))
    };
    let mut seen = 0;
    let near = text.lines().take_while(|line| {
        seen += line.len() + 1;
        seen <= WORDS_LOOKED_AT
    });
    let lines = near.enumerate().take_while(|(index, line)| *index < 3 || !starts_copy(line));
    lines.map(|(_, line)| line).collect::<Vec<_>>().join("\n")
}

fn report(message: &Message<'_>, fields: &[RecipientFields], words: &str) -> DeliveryReport {
    let folded = fold(words);
    let worst = ["failed", "delayed"].iter().find_map(|action| fields.iter().find(|field| field.action == *action)).or(fields.first());
    let action = match worst {
        Some(field) if !field.action.is_empty() => field.action.clone(),
        _ => action_of_words(&message.subject, &folded).to_owned(),
    };
    let diagnostic = worst.map(|field| field.diagnostic.as_str()).unwrap_or_default();
    let said = Codes::find(diagnostic).status.or_else(|| if diagnostic.is_empty() { Codes::find(words).status } else { None });
    // A report's own 5.0.0 says less than what the other server said.
    let given = worst.map(|field| field.status.clone()).filter(|status| verdict::is_status(status));
    let status = match (given, said) {
        (Some(given), Some(said)) if given.ends_with(".0.0") && said.get(..1) == given.get(..1) => said,
        (Some(given), _) => given,
        (None, said) => said.unwrap_or_default(),
    };
    let (reason, permanent) = if action == "failed" { verdict::of(&status, diagnostic, &folded) } else { Default::default() };
    DeliveryReport { action, status, reason, permanent, recipients: recipients(message, fields, words) }
}

fn action_of_words(subject: &str, words: &str) -> &'static str {
    let says = |section| Lexicon::BOUNCE.find(section, subject).is_some() || Lexicon::BOUNCE.find(section, words).is_some();
    match () {
        () if says("delayed") => "delayed",
        () if says("delivered") => "delivered",
        () => "failed",
    }
}

/// The addresses that the report names: evidence for people.
fn recipients(message: &Message<'_>, fields: &[RecipientFields], words: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut add = |address: &str| {
        let address = address.trim_matches(|c: char| !c.is_alphanumeric() && c != '_');
        let is_new = !found.iter().any(|known| known.eq_ignore_ascii_case(address));
        if address.contains('@') && is_new && found.len() < RECIPIENTS_MAX {
            found.push(address.to_owned());
        }
    };
    fields.iter().filter_map(|field| field.recipient.as_deref()).for_each(&mut add);
    message.mail.header_all("X-Failed-Recipients").flat_map(|value| value.split(',')).for_each(&mut add);
    if fields.is_empty() {
        words.split_whitespace().filter(|word| word.contains('@')).for_each(&mut add);
    }
    found
}
