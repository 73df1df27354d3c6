//! Mail by SMTP.
//!
//! What it is: [`send::MailSend`] and [`execution::MailExecution`]; `connection`, the properties and the connection to
//! the mail server; `attachments`, the files of a mail.
//!
//! What it must not know: the mail server of anybody.
//!
//! How to add one more: a file with the properties struct and `impl Task`, and one line in [`crate::tasks_with`].

mod attachments;
pub mod connection;
pub mod execution;
pub mod send;
