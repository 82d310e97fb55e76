//! skexec
