//! Fuse box: builds the adapters, starts the tasks, shuts them down. The only module that knows every room.
