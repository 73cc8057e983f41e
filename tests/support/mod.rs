//! What several tests share.

pub mod browser;
pub mod corpus_itip;
pub mod desk;
pub mod dns;
pub mod emitted;
pub mod files;
pub mod house;
pub mod http;
pub mod identity;
pub mod itip_rules;
pub mod letter;
pub mod naive;
pub mod net;
pub mod outlook;
pub mod parts;
pub mod peer;
pub mod postgres;
pub mod provider;
pub mod readers;
pub mod sealer;
pub mod series;
pub mod servers;
pub mod sink;
pub mod stage;
pub mod tnef;
pub mod zones;
