//! `onqueue check conversation`: whether a guest and an agent can talk, tried through the public door alone and by the public
//! API alone, as their pages do. It makes a queue, an agent and a deployment of its own and takes them away again.

mod door;
mod installation;
mod talk;
mod tls;

use super::password;
use crate::{cli::CheckConversation, output::say};
use door::{Door, Place};
use installation::Installation;
use onqueue_model::Fault;
use onqueue_server::{Clock, Ids};
use std::time::Duration;

/// Carries the check out; the error says at which step it failed, and why.
pub async fn conversation(options: CheckConversation) -> Result<(), Fault> {
    let missing =
        || Fault::unavailable("give the password with --password-file or in the variable ONQUEUE_ADMIN_PASSWORD");
    let password = password::given(options.password_file.as_deref())?.ok_or_else(missing)?;
    let clock = Clock::system();
    let patience = Duration::from_secs(options.patience);
    let place = Place {
        address: &options.address,
        authorities: options.ca.as_deref(),
    };
    let door = Door::new(place, patience, clock, Ids::system())?;
    let administrator = door.login(&options.organisation, &options.email, &password).await?;
    let installation = Installation::make(&door, administrator, &options.organisation).await?;
    let talked = talk::talk(&door, &installation).await;
    let taken_away = installation.take_away(&door).await;
    let told = talked?;
    taken_away?;
    say(format_args!(
        "a guest and an agent have talked: alerted after {} ms, the answer read after {} ms",
        told.alerted.as_millis(),
        told.answered.as_millis()
    ));
    Ok(())
}
