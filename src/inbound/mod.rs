//! Ears: SMTP (MX and submission) and LMTP. Protocol alone; what a message means is asked of [`crate::flow::port::Reception`].
