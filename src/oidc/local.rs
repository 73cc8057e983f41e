//! Three people of `localserve`, whom anybody at this machine may be. Never built by `serve`.

use crate::domain::address::Mailbox;
use crate::domain::person::{Asserted, Identity, SignInUnderWay};
use crate::flow::port::{PortResult, World};
use crate::flow::session_port::{Begun, IdentityError, IdentityProvider, LogoutAsked};
use async_trait::async_trait;
use std::sync::Arc;

/// The group of the helpdesk.
pub const HELPDESK: &str = "helpdesk";
/// The group of administrators.
pub const ADMINISTRATORS: &str = "administrators";

/// The provider of `localserve`: its page is `/who` of the mailbox.
pub struct LocalPeople {
    public_url: String,
    organizer: Mailbox,
    world: Arc<dyn World>,
}

impl LocalPeople {
    /// `organizer` is the one of the sample.
    pub fn new(public_url: &str, organizer: Mailbox, world: Arc<dyn World>) -> Self {
        Self { public_url: public_url.to_owned(), organizer, world }
    }
}

#[async_trait]
impl IdentityProvider for LocalPeople {
    async fn begin(&self, to: &str) -> PortResult<Begun> {
        let state = self.world.random().simple().to_string();
        let under_way = SignInUnderWay { state: state.clone(), nonce: String::new(), verifier: String::new(), to: to.to_owned() };
        Ok(Begun { url: format!("{}/who?state={state}", self.public_url), under_way })
    }

    async fn finish(&self, code: &str, _: &SignInUnderWay) -> Result<Asserted, IdentityError> {
        let (name, mailbox, groups) = match code {
            "organizer" => ("Claire Bernard", Some(self.organizer.clone()), Vec::new()),
            "helpdesk" => ("Ana Silva", None, vec![HELPDESK.to_owned()]),
            "administrator" => ("Noa Roux", None, vec![HELPDESK.to_owned(), ADMINISTRATORS.to_owned()]),
            _ => return Err(IdentityError::Refused("nobody of that name is here".to_owned())),
        };
        let identity = Identity { issuer: self.public_url.clone(), subject: code.to_owned() };
        Ok(Asserted { identity, sid: None, mailbox, name: Some(name.to_owned()), groups, id_token: String::new() })
    }

    async fn sign_out_url(&self, _: &str) -> Option<String> {
        None
    }

    async fn logout(&self, _: &str) -> Result<LogoutAsked, IdentityError> {
        Err(IdentityError::Refused("nobody is signed out from elsewhere here".to_owned()))
    }
}
