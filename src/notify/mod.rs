//! Bells: how an alert reaches people beside the mail to the helpdesk.

pub mod caller;
pub mod log;
pub mod webhook;

use crate::domain::alert::Alert;
use crate::flow::port::Bell;
use async_trait::async_trait;
use std::sync::Arc;

/// Rings all of them, in order.
#[derive(Clone, Default)]
pub struct Bells(Vec<Arc<dyn Bell>>);

impl Bells {
    /// Of these bells.
    pub fn new(bells: Vec<Arc<dyn Bell>>) -> Self {
        Self(bells)
    }
}

#[async_trait]
impl Bell for Bells {
    async fn ring(&self, alert: &Alert) {
        for bell in &self.0 {
            bell.ring(alert).await;
        }
    }
}
