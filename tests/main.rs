//! Every test that drives the crate from outside, in one program: it is linked once, which spares minutes and gigabytes.
//!
//! `cargo test --test all` runs them; `cargo test --test all leak::` those of one file.

#![allow(unreachable_pub, reason = "nothing of a program of tests is reached from outside")]

mod alerts;
mod answers;
mod api;
mod architecture;
mod attachments;
mod authenticate;
mod bad_input;
mod balance;
mod budgets;
mod calendar;
mod check;
mod cli;
mod configuration;
mod contract;
mod corpus_calendar;
mod corpus_itip;
mod corpus_replies;
mod corpus_series;
mod crash;
mod crossing;
mod dialog;
mod dialogues;
mod directory;
mod docs;
mod doors;
mod extraction;
mod facing_gateways;
mod flow;
mod fuzz_seeds;
mod holds;
mod imap;
mod invitation_leaks;
mod itip_readers;
mod itip_rules;
mod jitsi;
mod leak;
mod letters;
mod localserve;
mod meeting_create;
mod outbound;
mod portal;
mod postfix_dovecot;
mod proposals;
mod reconcile;
mod replies;
mod scan;
mod series;
mod series_guarded;
mod series_order;
mod sign_in;
mod spoof;
mod staff;
mod store;
mod support;
mod suppression;
mod threads;
mod tnef;
mod web;
mod webhooks;
