//! The organisation of these tests, its two divisions, and its people at their desks.

use onqueue_client::reason;
use onqueue_model::{Id, OrganisationId, Reason, UserId};
use onqueue_server::InProcess;
use onqueue_testkit::{Tokens, with_token};
use std::sync::atomic::{AtomicU32, Ordering};
use tonic::{Request, Status};
use uuid::Uuid;

/// Two divisions.
pub const SALES: u128 = 0xd1;
pub const SUPPORT: u128 = 0xd2;

pub fn id<T>(number: u128) -> Id<T> {
    Uuid::from_u128(number).into()
}

pub fn text(number: u128) -> String {
    id::<()>(number).to_string()
}

pub fn organisation() -> OrganisationId {
    id(0x0a)
}

/// A request id that was not used before.
pub fn request() -> String {
    static LAST: AtomicU32 = AtomicU32::new(0);
    text(0x0f00_0000 + u128::from(LAST.fetch_add(1, Ordering::Relaxed)))
}

/// Somebody with a token.
#[derive(Clone)]
pub struct Desk {
    pub content: InProcess,
    pub token: String,
}

impl Desk {
    /// Of somebody who may do this in these divisions of an organisation.
    pub fn of(
        (content, tokens): (&InProcess, &Tokens),
        (organisation, number): (OrganisationId, u128),
        (permissions, divisions): (&[&str], &[u128]),
    ) -> Self {
        let user: UserId = id(number);
        for division in divisions {
            tokens.grant(organisation, user, id(*division), permissions);
        }
        Self {
            content: content.clone(),
            token: tokens.user(organisation, user, "Ada Lang"),
        }
    }

    pub fn with<T>(&self, message: T) -> Request<T> {
        with_token(message, &self.token)
    }
}

/// Calls of a desk: the rpc, its client, what is asked and what is answered.
macro_rules! calls {
    ($($name:ident $client:ident $asked:ident $answer:ident)*) => {$(
        pub async fn $name(
            &self,
            asked: onqueue_proto::content::v1::$asked,
        ) -> Result<onqueue_proto::content::v1::$answer, tonic::Status> {
            let answer = $client::new(self.content.clone()).$name(self.with(asked)).await;
            answer.map(tonic::Response::into_inner)
        }
    )*};
}
pub(crate) use calls;

/// Why it was refused.
pub fn why<T: std::fmt::Debug>(answer: Result<T, Status>) -> Reason {
    let refused = answer.expect_err("it is to be refused");
    reason(&refused).unwrap_or_else(|| panic!("no reason in {refused:?}"))
}
