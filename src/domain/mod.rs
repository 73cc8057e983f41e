//! Quiet rooms: everything that Paravent knows and decides, as pure functions over values.
//! No network, no clock, no random source, no database: they are arguments here.

pub mod address;
pub mod alert;
pub mod answer;
pub mod attachment;
pub mod attendance;
pub mod authentication;
pub mod budget;
pub mod compose;
pub mod conference;
pub mod decision;
pub mod delivery;
pub mod document;
pub mod explain;
pub mod id;
pub mod invitation;
pub mod itip;
pub mod language;
pub mod leak;
pub mod link;
pub mod meeting;
pub mod mime;
pub mod occurrence;
pub mod organizer;
pub mod part;
pub mod reconciliation;
pub mod record;
pub mod relay;
pub mod reply;
pub mod revision;
pub mod scan;
pub mod series;
pub mod suppression;
pub mod thread;
pub mod token;
