//! Corridors: the two stories as steps. They import the quiet rooms and the ports alone.

pub mod join;
pub mod port;
