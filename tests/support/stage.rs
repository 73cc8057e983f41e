//! Real servers around the gateway: an organizer submits to Postfix, which gives calendar mail to the gateway; the gateway
//! delivers through Postfix into Dovecot; guests answer through Postfix.

use super::house::ORGANIZER;
use super::net::{self, Smtp};
use super::servers::{Dovecot, Gateway, GatewayPorts, Postfix, Routes};

/// Postfix, Dovecot and the gateway, as they stand beside each other.
pub struct Stage {
    pub gateway: Gateway,
    pub postfix: Postfix,
    pub dovecot: Dovecot,
    _folder: tempfile::TempDir,
}

impl Stage {
    pub fn set() -> Option<Self> {
        // Postfix and Dovecot drop their privileges: they must be able to pass through the folder.
        let folder = tempfile::Builder::new().permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755)).tempdir().unwrap();
        let [organizers, everyone, imap, dovecot_lmtp, mx, submission, lmtp, web] = net::free_ports();
        let routes = Routes { organizers, everyone, dovecot_lmtp, gateway_lmtp: lmtp, gateway_submission: submission, other: None };
        let dovecot = Dovecot::start(&folder.path().join("dovecot"), imap, dovecot_lmtp)?;
        let postfix = Postfix::start(&folder.path().join("postfix"), &routes)?;
        let ports = GatewayPorts { mx, submission, lmtp, web, smarthost: everyone };
        let gateway = Gateway::start(&folder.path().join("gateway"), ports);
        Some(Self { gateway, postfix, dovecot, _folder: folder })
    }

    pub fn organizer_sends(&self, to: &[&str], message: &str) {
        let answer = Smtp::open(self.postfix.organizers).send(ORGANIZER, to, message.as_bytes());
        assert!(answer.starts_with("250"), "{answer}");
    }

    pub fn guest_sends(&self, from: &str, to: &str, message: &str) {
        let answer = Smtp::open(self.postfix.everyone).send(from, &[to], message.as_bytes());
        assert!(answer.starts_with("250"), "{answer}");
    }

    pub fn meeting(&self) -> serde_json::Value {
        let list = self.gateway.command(&["meeting", "list", "--json"]);
        let first: serde_json::Value = serde_json::from_str(list.lines().next().expect("a meeting")).unwrap();
        let shown = self.gateway.command(&["meeting", "show", first["id"].as_str().unwrap(), "--json"]);
        serde_json::from_str(&shown).unwrap()
    }

    pub fn attendance(&self, mailbox: &str) -> serde_json::Value {
        let meeting = self.meeting();
        let guests = meeting["guests"].as_array().unwrap();
        guests.iter().find(|guest| guest["mailbox"] == mailbox).unwrap()["attendance"].clone()
    }
}
