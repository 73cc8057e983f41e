//! A breath between two pieces of long work, so that one large invitation does not hold up every other message.

use std::future::poll_fn;
use std::task::Poll;

/// Lets others go on; ready at the next turn.
pub(super) async fn breath() {
    let mut taken = false;
    poll_fn(|context| {
        if taken {
            return Poll::Ready(());
        }
        taken = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::breath;
    use futures_util::FutureExt;

    #[test]
    fn the_first_poll_lets_others_go_on() {
        let mut one = Box::pin(breath());
        assert!((&mut one).now_or_never().is_none());
        assert!(one.now_or_never().is_some());
    }
}
