//! Another password for somebody whom nobody who is logged in can give one, for the operator at the database. Running
//! processes notice within seconds.

use crate::{
    app::passwords,
    lockout::{Address, fold},
    store::{NewPassword, Tables, User, UserState},
};
use onqueue_bus::Subject;
use onqueue_model::{Fault, Reason};
use onqueue_server::Context;
use onqueue_store::{Store, audit::Actor};

/// How often it is set anew because somebody else set another one meanwhile.
const ATTEMPTS: u32 = 3;

/// Gives the user with that e-mail address, in the organisation whose users log in with that short name, another password:
/// their sessions end, what was counted against their address is forgotten, and the audit trail says that it was the
/// operator. FIELD_INVALID about `user.password` if nobody may choose it; NOT_FOUND about `organisation` or `user`;
/// STATE_CONFLICT if the user is disabled, for whom a password would be of no use.
pub async fn reset_password(
    store: &Store,
    context: &Context,
    organisation: &str,
    email: &str,
    password: String,
) -> Result<(), Fault> {
    passwords::check_new("user.password", &password)?;
    let tables = Tables::new(store.clone());
    let named = tables.organisation_called(organisation).await?;
    let named = named.ok_or_else(|| Fault::not_found("organisation"))?;
    let hash = passwords::hash(password, context.ids.bytes()).await?;
    for _ in 0..ATTEMPTS {
        let user = tables.user_with_address(named, &fold(email)).await?;
        let user = user.ok_or_else(|| Fault::not_found("user"))?;
        let new = NewPassword {
            hash: hash.clone(),
            address: Address::of(organisation, &user.email),
            user,
            keep: None,
        };
        let by = Actor {
            name: "operator".to_owned(),
            at: context.clock.now(),
        };
        if tables
            .set_password(new, Box::new(|user, _| may_log_in(user)), by)
            .await?
        {
            context.bus.publish(Subject::Trust, "");
            return Ok(());
        }
    }
    Err(Fault::unavailable("the password is being set by others"))
}

fn may_log_in(user: &User) -> Result<(), Fault> {
    match user.state {
        UserState::Active => Ok(()),
        UserState::Disabled => Err(Fault::new(
            Reason::StateConflict,
            "this user is disabled: another administrator has to enable them first",
        )),
    }
}
