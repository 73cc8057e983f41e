//! Bells: how an alert reaches people beside the mail to the helpdesk.
