//! The conference token that Jitsi's Prosody accepts: minted at the click, minutes of life.
