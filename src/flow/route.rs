//! Where a recipient leads: from the address alone, without any look into the archive.

use crate::domain::address::Mailbox;
use crate::domain::id::{AlertId, GuestId};
use crate::domain::token::{AliasDomain, Purpose, TokenKeys, guest_of_alias};

/// Our two domains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domains {
    /// Address tokens: `o…@`, `b…@`, `g…@`, `c…@`, and the gateway's own mailboxes.
    pub alias: AliasDomain,
    /// Guest aliases: `jean.martin=hopital.example@`.
    pub guest: AliasDomain,
}

/// Where a recipient leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// A guest writes to the organizer.
    OrganizerAlias(GuestId),
    /// A report on mail to a guest.
    GuestBounce(GuestId),
    /// The organizer writes to a guest.
    GuestAlias(GuestId),
    /// A report on mail to an organizer about this guest.
    OrganizerBounce(GuestId),
    /// The helpdesk answers an alert.
    Alert(AlertId),
    /// An organizer invites or writes to a guest alias.
    InvitedGuest,
    /// The gateway itself: postmaster (RFC 5321 §4.5.1), abuse (RFC 2142), and who signs its mails.
    Service,
    /// An address in our domains that leads nowhere.
    Unknown,
    /// Not ours.
    Foreign,
}

/// Finds the route of a recipient. `service` is the local part that signs the gateway's own mails.
pub fn route(recipient: &Mailbox, domains: &Domains, tokens: &TokenKeys, service: &str) -> Route {
    if domains.guest.owns(recipient) {
        return match guest_of_alias(recipient) {
            Some(guest) if !domains.alias.owns(&guest) && !domains.guest.owns(&guest) => Route::InvitedGuest,
            Some(_) | None => Route::Unknown,
        };
    }
    let local = match domains.alias.local_of(recipient) {
        Some(local) if domains.alias.owns(recipient) => local,
        Some(_) | None => return Route::Foreign,
    };
    // Where a mailbox is all that is ours, empty is that mailbox itself.
    let is_service = |known: &str| known.eq_ignore_ascii_case(local) || known.eq_ignore_ascii_case(recipient.local());
    if local.is_empty() || ["postmaster", "abuse", service].into_iter().any(is_service) {
        return Route::Service;
    }
    match tokens.open(local) {
        None => Route::Unknown,
        Some(token) => {
            let guest = GuestId(token.id);
            match token.purpose {
                Purpose::OrganizerAlias => Route::OrganizerAlias(guest),
                Purpose::GuestBounce => Route::GuestBounce(guest),
                Purpose::GuestAlias => Route::GuestAlias(guest),
                Purpose::OrganizerBounce => Route::OrganizerBounce(guest),
                Purpose::Alert => Route::Alert(AlertId(token.id)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn below_a_hosted_mailbox() {
        let hosted = AliasDomain::parse("hosted.example").unwrap().below("visio").unwrap();
        let domains = Domains { alias: hosted, guest: AliasDomain::parse("guest.visio.example").unwrap() };
        let tokens = TokenKeys::new(&[('a', vec![1; 32])]).unwrap();
        let find = |address: &str| route(&Mailbox::parse(address).unwrap(), &domains, &tokens, "visio+invitations");
        let guest = tokens.address(Purpose::OrganizerAlias, Uuid::from_u128(5), &domains.alias);
        assert_eq!(find(&guest.to_string()), Route::OrganizerAlias(GuestId(Uuid::from_u128(5))));
        assert_eq!(find("visio@hosted.example"), Route::Service);
        assert_eq!(find("Visio+Invitations@hosted.example"), Route::Service);
        assert_eq!(find("visio+oa00@hosted.example"), Route::Unknown);
        assert_eq!(find("claire@hosted.example"), Route::Foreign);
        assert_eq!(find(&format!("{}@hosted.example", tokens.mint(Purpose::OrganizerAlias, Uuid::from_u128(5)))), Route::Foreign);
    }

    #[test]
    fn every_address_leads_somewhere_definite() {
        let domains =
            Domains { alias: AliasDomain::parse("visio.example").unwrap(), guest: AliasDomain::parse("guest.visio.example").unwrap() };
        let tokens = TokenKeys::new(&[('a', vec![1; 32])]).unwrap();
        let find = |address: &str| route(&Mailbox::parse(address).unwrap(), &domains, &tokens, "invitations");
        let minted = |purpose| format!("{}@VISIO.example", tokens.mint(purpose, Uuid::from_u128(5)));
        let guest = GuestId(Uuid::from_u128(5));
        assert_eq!(find(&minted(Purpose::OrganizerAlias)), Route::OrganizerAlias(guest));
        assert_eq!(find(&minted(Purpose::GuestBounce).to_uppercase()), Route::GuestBounce(guest));
        assert_eq!(find(&minted(Purpose::GuestAlias)), Route::GuestAlias(guest));
        assert_eq!(find(&minted(Purpose::OrganizerBounce)), Route::OrganizerBounce(guest));
        assert_eq!(find(&minted(Purpose::Alert)), Route::Alert(AlertId(Uuid::from_u128(5))));
        assert_eq!(find("jean.martin=hopital.example@guest.visio.example"), Route::InvitedGuest);
        assert_eq!(find("a=visio.example@guest.visio.example"), Route::Unknown);
        assert_eq!(find("a=b=guest.visio.example@guest.visio.example"), Route::Unknown);
        assert_eq!(find("Postmaster@visio.example"), Route::Service);
        assert_eq!(find("invitations@visio.example"), Route::Service);
        assert_eq!(find("oa00@visio.example"), Route::Unknown);
        assert_eq!(find("jean.martin@hopital.example"), Route::Foreign);
    }
}
