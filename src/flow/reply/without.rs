//! What an organizer's words would look like without what shows them.

use super::{Gateway, Released};
use crate::domain::address::Mailbox;
use crate::domain::id::{GuestId, ReceivedId};
use crate::domain::leak::{self, Spot};
use crate::domain::reply::Door;
use crate::flow::hold_page::Without;
use crate::flow::port::PortResult;
use crate::flow::reception::AtHand;

impl Gateway {
    /// What of an answer would show its organizer, in their language, and what the guest would read of it without that.
    pub(in crate::flow) async fn answer_without(
        &self,
        message: &AtHand,
        recipient: &Mailbox,
        (door, guest): (Door, GuestId),
        id: ReceivedId,
    ) -> PortResult<Option<Without>> {
        let released = Some(Released { id, without: true });
        let Some(known) = self.identify(message, recipient, door, guest, released).await? else { return Ok(None) };
        let (classified, _) = known.judge(message, released, &self.settings.attachments);
        let secrets = self.answer_secrets(message, &known, &classified);
        let files = self.files_for_guest(&message.mail, &classified.new_text, &secrets).files;
        let sources: Vec<(Spot, &[u8])> = std::iter::once((Spot::Text, classified.new_text.as_bytes()))
            .chain(files.iter().map(|file| (Spot::File, file.bytes.as_slice())))
            .collect();
        let found = self.found(&known.organizer, &secrets, &sources);
        let names = files.iter().filter(|file| leak::scan(&file.bytes, &secrets).is_empty()).map(|file| file.name.clone());
        let texts = std::iter::once(leak::without(&classified.new_text, &secrets)).chain(names).collect();
        Ok(Some(Without { language: known.organizer.language, found, texts }))
    }
}
