//! Canned responses and scripts. It binds and is healthy; its rpcs come with responses and scripts themselves.

mod settings;

pub use settings::Settings;

use onqueue_model::Fault;
use onqueue_server::{Bound, Context};
use tonic::service::Routes;

/// The service's name.
pub const NAME: &str = "content";

/// Binds the service to its surroundings.
// Asynchronous and fallible as every service's bind is.
#[allow(clippy::unused_async, clippy::needless_pass_by_value)]
pub async fn bind(_settings: &Settings, _context: Context) -> Result<Bound, Fault> {
    Ok(Bound {
        name: NAME,
        routes: Routes::default(),
    })
}
