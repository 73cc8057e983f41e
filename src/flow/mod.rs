//! Corridors: the two stories as steps. They import the quiet rooms and the ports alone.
//!
//! * an invitation: [`reception`] → [`route`] → `invite`: authorize → understand → step → compose → commit
//! * the same for a calendar object from an operator: [`Gateway::carry_out_object`]
//! * an answer: [`reception`] → [`route`] → `reply`: identify → classify → decide → record → commit
//! * a click: [`join`]; what a guest sends from their page: [`answer_page`], [`help_page`], `link_again`
//! * an organizer's look at a meeting: [`meeting_page`]
//! * people who sign in: [`sign_in`]; what organizers do then: [`organizer_desk`]
//! * what the conference server asks and tells: [`conference_server`]
//! * a person's decision on a held mail: `hold`; on an alert: [`alert_desk`]

pub mod alert_desk;
mod alert_reply;
mod alerts;
pub mod answer_page;
pub mod api_key;
mod bearer;
mod breath;
mod budget;
mod burst;
mod conclude;
pub mod conference_server;
mod draft;
mod escalate;
mod expire;
mod explain;
pub mod gateway;
pub mod help_page;
pub mod hold;
pub mod hold_page;
mod invite;
pub mod join;
mod link_again;
pub mod list_port;
pub mod meeting_page;
mod note;
pub mod organizer_desk;
mod page_mail;
pub mod port;
pub mod proposal_page;
pub mod queue_desk;
pub mod queue_port;
mod reception;
mod reply;
pub mod room_port;
pub mod route;
pub mod seal;
mod service;
pub mod session_port;
pub mod sign_in;
mod suppress;
mod turns;

pub use burst::Burst;
pub use gateway::{Gateway, Settings};
pub use invite::{ObjectEnd, ObjectTold};
pub use turns::Turns;
