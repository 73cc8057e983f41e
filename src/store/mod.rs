//! Archive: one port ([`crate::flow::port::Archive`]), one file per engine.
