//! The whole story beside real Postfix and Dovecot: an organizer submits to Postfix, which gives calendar mail to the
//! gateway; the gateway delivers through Postfix into Dovecot; guests answer through Postfix; the organizer and the
//! helpdesk read by IMAP.

use crate::support;

use paravent::domain::attendance::PartStat;
use paravent::domain::itip::{self, CalendarObject, Method};
use paravent::domain::mime::{self, InboundMail, MimeLimits};
use support::house::{JEAN, LEA, ORGANIZER};
use support::net::Imap;
use support::stage::Stage;

const NOBODY: &str = "nobody@gone.example";
const UID: &str = "040000008200E00074C5B7101A82E00800000000@agence.example";

/// The newest message, once there are `count`.
fn newest(mailbox: &mut Imap, count: usize) -> (Vec<u8>, InboundMail) {
    mailbox.wait_for(count);
    let mut all = mailbox.all();
    assert_eq!(all.len(), count, "more mail than expected");
    let raw = all.pop().unwrap();
    let mail = mime::read(&raw, &MimeLimits::default());
    (raw, mail)
}

fn calendar(mail: &InboundMail) -> CalendarObject {
    itip::read(&mail.calendars.first().expect("a calendar object").bytes).unwrap()
}

fn from(mail: &InboundMail) -> String {
    mail.author().expect("one author").mailbox.to_string()
}

fn invitation(method: &str, sequence: u32, start: &str, end: &str, guests: &[&str]) -> String {
    let attendees: String = guests
        .iter()
        .map(|guest| format!("ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;CN=\"{guest}\":mailto:{guest}\r\n"))
        .collect();
    let stamp = format!("2026010{sequence}T080000Z");
    format!(
        "From: Claire Bernard <{ORGANIZER}>\r\nTo: {to}\r\nSubject: Point dossier\r\nMessage-ID: <inv{sequence}{method}@pc7.agence.example>\r\n\
         Date: Mon, 05 Jan 2026 09:00:00 +0100\r\nMIME-Version: 1.0\r\nX-Originating-IP: [10.11.12.13]\r\n\
         Content-Type: multipart/alternative; boundary=\"=_b\"\r\n\r\n--=_b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
         Claire Bernard vous invite.\r\n--=_b\r\nContent-Type: text/calendar; charset=utf-8; method={method}\r\n\r\n\
         BEGIN:VCALENDAR\r\nPRODID:-//Microsoft Corporation//Outlook 16.0 MIMEDIR//EN\r\nVERSION:2.0\r\nMETHOD:{method}\r\n\
         BEGIN:VEVENT\r\nUID:{UID}\r\nDTSTAMP:{stamp}\r\nSEQUENCE:{sequence}\r\nDTSTART:{start}\r\nDTEND:{end}\r\n\
         SUMMARY:Point dossier\r\nDESCRIPTION:Ordre du jour : le dossier 12.\r\nORGANIZER;CN=\"Claire Bernard\":mailto:{ORGANIZER}\r\n\
         {attendees}END:VEVENT\r\nEND:VCALENDAR\r\n\r\n--=_b--\r\n",
        to = guests.join(", "),
    )
}

/// As Exchange answers: no ORGANIZER, one ATTENDEE, the localized subject.
fn exchange_reply(invited: &CalendarObject, alias: &str, partstat: &str) -> String {
    let event = invited.main_event().unwrap();
    let uid = &event.uid;
    format!(
        "From: Jean Martin <{JEAN}>\r\nTo: {alias}\r\nSubject: =?utf-8?Q?Accept=C3=A9_=3A_Point_dossier?=\r\n\
         Message-ID: <rep-{partstat}@hopital.example>\r\nDate: Mon, 05 Jan 2026 10:00:00 +0100\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/alternative; boundary=\"=_r\"\r\n\r\n--=_r\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\r\n\
         --=_r\r\nContent-Type: text/calendar; charset=\"utf-8\"; method=REPLY\r\n\r\n\
         BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nPRODID:Microsoft Exchange Server 2010\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\n\
         ATTENDEE;PARTSTAT={partstat};CN=Jean Martin:mailto:{JEAN}\r\nCOMMENT;LANGUAGE=fr-FR:Avec plaisir\r\nUID:{uid}\r\n\
         SUMMARY;LANGUAGE=fr-FR:Point dossier\r\nDTSTART:20310115T130000Z\r\nDTEND:20310115T134500Z\r\nDTSTAMP:20300105T090000Z\r\n\
         SEQUENCE:{sequence}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n\r\n--=_r--\r\n",
        sequence = event.sequence,
    )
}

fn words(from: &str, to: &str, id: &str, in_reply_to: &str, text: &str) -> String {
    format!(
        "From: {from}\r\nTo: {to}\r\nSubject: Re: Point dossier\r\nMessage-ID: <{id}>\r\nIn-Reply-To: <{in_reply_to}>\r\n\
         References: <{in_reply_to}>\r\nDate: Mon, 05 Jan 2026 11:00:00 +0100\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    )
}

#[test]
fn the_whole_story_beside_postfix_and_dovecot() {
    let Some(stage) = Stage::set() else { return };
    let (mut organizer, mut helpdesk) = (stage.dovecot.mailbox(ORGANIZER), stage.dovecot.mailbox("helpdesk@agence.example"));
    let (mut jean, mut lea) = (stage.dovecot.mailbox(JEAN), stage.dovecot.mailbox(LEA));

    // An ordinary mail of the organizer takes its ordinary way.
    stage.organizer_sends(&[JEAN], &words(ORGANIZER, JEAN, "plain@agence.example", "x@x.example", "Bonjour"));
    let (_, plain) = newest(&mut jean, 1);
    assert_eq!(from(&plain), ORGANIZER);

    // One invitation to three becomes three invitations that name nobody.
    let request = invitation("REQUEST", 0, "20310115T130000Z", "20310115T134500Z", &[JEAN, LEA, NOBODY]);
    stage.organizer_sends(&[JEAN, LEA, NOBODY], &request);
    let (raw, to_jean) = newest(&mut jean, 2);
    let (_, to_lea) = newest(&mut lea, 1);
    let invited = calendar(&to_jean);
    assert_eq!(invited.method, Some(Method::Request));
    let event = invited.main_event().unwrap();
    assert_ne!(event.uid, UID);
    let alias = from(&to_jean);
    assert_eq!(event.organizer.as_ref().unwrap().mailbox.to_string(), alias);
    assert_ne!(alias, from(&to_lea), "each guest has an alias of their own");
    assert_ne!(event.uid, calendar(&to_lea).main_event().unwrap().uid);
    for secret in ["claire", "bernard", "agence", "10.11.12.13", "pc7", UID] {
        let decoded = format!("{}{}{}", to_jean.text, to_jean.html.clone().unwrap_or_default(), invited.tree.to_text()).to_lowercase();
        assert!(!decoded.contains(&secret.to_lowercase()), "{secret} in the decoded mail");
        assert!(!String::from_utf8_lossy(&raw).to_lowercase().contains(&secret.to_lowercase()), "{secret} in the mail");
    }

    // The organizer gets one summary, and the bounce of the third raises an alert.
    let (_, summary) = newest(&mut organizer, 1);
    assert!(summary.text.contains(JEAN) && summary.text.contains(LEA), "{}", summary.text);
    let (_, alert) = newest(&mut helpdesk, 1);
    assert!(!alert.text.contains(NOBODY), "an alert masks addresses: {}", alert.text);
    assert_eq!(stage.attendance(NOBODY)["delivery"], "undeliverable");

    // Jean's Exchange accepts: the organizer's calendar gets a REPLY for its own UID.
    stage.guest_sends(JEAN, &alias, &exchange_reply(&invited, &alias, "ACCEPTED"));
    let (_, reply) = newest(&mut organizer, 2);
    let answer = calendar(&reply);
    assert_eq!(answer.method, Some(Method::Reply));
    let answered = answer.main_event().unwrap();
    assert_eq!(answered.uid, UID);
    assert_eq!(answered.organizer.as_ref().unwrap().mailbox.to_string(), ORGANIZER);
    assert_eq!(answered.attendees.len(), 1);
    assert_eq!(answered.attendees[0].partstat, PartStat::Accepted);
    assert_eq!(answered.attendees[0].mailbox.as_ref().unwrap().mailbox.to_string(), JEAN);
    assert_eq!(stage.attendance(JEAN)["response"]["partstat"], "ACCEPTED");

    // The same delivery again changes nothing.
    stage.guest_sends(JEAN, &alias, &exchange_reply(&invited, &alias, "ACCEPTED"));

    // Léa writes words; the organizer answers them; both threads hold.
    let lea_alias = from(&to_lea);
    let lea_invitation = to_lea.message_id.clone().unwrap();
    stage.guest_sends(
        LEA,
        &lea_alias,
        &words(LEA, &lea_alias, "w1@cabinet.example", lea_invitation.as_str(), "Je serai un peu en retard."),
    );
    let (_, relayed) = newest(&mut organizer, 3);
    assert!(relayed.text.contains("Je serai un peu en retard."), "{}", relayed.text);
    assert_eq!(relayed.in_reply_to.first().map(|id| id.as_str()), Some("inv0REQUEST@pc7.agence.example"));
    let reverse = from(&relayed);
    assert_ne!(reverse, LEA);
    let relayed_id = relayed.message_id.clone().unwrap();
    stage.organizer_sends(&[&reverse], &words(ORGANIZER, &reverse, "a1@pc7.agence.example", relayed_id.as_str(), "C'est noté, à demain."));
    let (raw, answered) = newest(&mut lea, 2);
    assert!(answered.text.contains("C'est noté, à demain."), "{}", answered.text);
    assert_eq!(from(&answered), lea_alias);
    assert_eq!(answered.in_reply_to.first().map(|id| id.as_str()), Some("w1@cabinet.example"));
    let text = String::from_utf8_lossy(&raw).to_lowercase();
    assert!(!text.contains("agence") && !text.contains("bernard"), "the organizer shows in the answer");

    // A new time reaches the guests with a higher SEQUENCE under the same UID, and asks them again.
    let moved = invitation("REQUEST", 1, "20310116T130000Z", "20310116T134500Z", &[JEAN, LEA]);
    stage.organizer_sends(&[JEAN, LEA], &moved);
    let (_, update) = newest(&mut jean, 3);
    let update = calendar(&update);
    let updated = update.main_event().unwrap();
    assert_eq!((updated.uid.as_str(), updated.sequence), (event.uid.as_str(), 1));
    assert_eq!(stage.attendance(JEAN)["response"]["partstat"], "NEEDS-ACTION");
    newest(&mut lea, 3);
    newest(&mut organizer, 4);

    // Off: everybody still invited is told.
    let cancel = invitation("CANCEL", 2, "20310116T130000Z", "20310116T134500Z", &[JEAN, LEA]);
    stage.organizer_sends(&[JEAN, LEA], &cancel);
    let (_, off) = newest(&mut jean, 4);
    let off = calendar(&off);
    assert_eq!(off.method, Some(Method::Cancel));
    assert_eq!(off.main_event().unwrap().uid, event.uid);
    newest(&mut lea, 4);
    newest(&mut organizer, 5);
    assert!(stage.gateway.command(&["hold", "list", "--json"]).is_empty(), "nothing is left waiting");
}
