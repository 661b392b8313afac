//! The web pages, from inside the binary (in debug builds from the folder), with the headers that keep them safe.

use crate::Settings;
use axum::{
    Router,
    body::Body,
    extract::{Path, RawQuery, State},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use onqueue_model::DeploymentId;
use onqueue_trust::Trust;
use rust_embed::{Embed, EmbeddedFile};
use tower_http::{compression::CompressionLayer, set_header::SetResponseHeaderLayer};

/// What the web build makes. A clone without it compiles too.
#[derive(Embed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Dist;

const CSP: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; \
                   base-uri 'none'; form-action 'self'; frame-ancestors";

/// Files under /assets carry a hash of their content in their names.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const ASK_AGAIN: &str = "no-cache";

const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Onqueue</title>\
    <h1>The pages have not been built</h1>\
    <p>Onqueue is running, but its web pages were not there when it was built. \
    Run <code>cargo xtask run</code>, or <code>npm ci &amp;&amp; npm run build</code> in the folder <code>web</code>, \
    and load this page again.</p>\n";

#[derive(Clone)]
struct Site {
    default_deployment: String,
    trust: Trust,
}

pub(super) fn router(settings: &Settings, trust: &Trust) -> Router {
    let site = Site {
        default_deployment: settings.default_deployment.clone(),
        trust: trust.clone(),
    };
    let always = |name: &'static str, value: &'static str| {
        SetResponseHeaderLayer::overriding(HeaderName::from_static(name), HeaderValue::from_static(value))
    };
    Router::new()
        .route("/", get(|| async { Redirect::temporary("/desk") }))
        .route("/chat", get(chat))
        .route("/desk", get(|| async { page("desk.html", "'none'") }))
        .route("/assets/{file}", get(asset))
        .fallback(|| async { (StatusCode::NOT_FOUND, "there is no such page\n") })
        .with_state(site)
        .layer(CompressionLayer::new())
        .layer(always("x-content-type-options", "nosniff"))
        .layer(always("referrer-policy", "no-referrer"))
        .layer(always("cross-origin-resource-policy", "same-origin"))
}

/// The customer's page; framed by the pages of its deployment's origins only.
async fn chat(State(site): State<Site>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let asked = query.split('&').find_map(|pair| pair.strip_prefix("deployment="));
    if asked.is_none_or(str::is_empty) && !site.default_deployment.is_empty() {
        let rest = query
            .split('&')
            .filter(|pair| !pair.is_empty() && !pair.starts_with("deployment="));
        let rest: String = rest.map(|pair| format!("&{pair}")).collect();
        return found(&format!("/chat?deployment={}{rest}", site.default_deployment));
    }
    page("chat.html", &site.ancestors(asked))
}

impl Site {
    fn ancestors(&self, deployment: Option<&str>) -> String {
        let id = deployment.and_then(|text| text.parse::<DeploymentId>().ok());
        let deployment = id
            .and_then(|id| self.trust.deployment(id))
            .filter(|deployment| deployment.enabled);
        let origins = deployment.map(|deployment| deployment.origins).unwrap_or_default();
        let plain = |origin: &String| !origin.contains([';', ',', ' ', '\'']);
        ["'self'".to_owned()]
            .into_iter()
            .chain(origins.into_iter().filter(plain))
            .collect::<Vec<_>>()
            .join(" ")
    }
}

fn found(location: &str) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, location)]).into_response()
}

fn page(name: &str, ancestors: &str) -> Response {
    let headers = [
        (header::CONTENT_SECURITY_POLICY, format!("{CSP} {ancestors}")),
        (header::CACHE_CONTROL, ASK_AGAIN.to_owned()),
    ];
    match Dist::get(name) {
        Some(file) => (headers, content(file)).into_response(),
        None => {
            let html = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
            (StatusCode::SERVICE_UNAVAILABLE, headers, html, NOT_BUILT).into_response()
        }
    }
}

async fn asset(Path(file): Path<String>) -> Response {
    // The segment may hold an encoded slash: only what lies in the folder itself is an asset.
    let plain = !file.contains(['/', '\\']) && !file.starts_with('.');
    match plain.then(|| Dist::get(&format!("assets/{file}"))).flatten() {
        Some(file) => ([(header::CACHE_CONTROL, FOR_EVER)], content(file)).into_response(),
        None => (StatusCode::NOT_FOUND, "there is no such file\n").into_response(),
    }
}

fn content(file: EmbeddedFile) -> Response {
    let kind = file.metadata.mimetype();
    let kind = if kind.starts_with("text/") {
        format!("{kind}; charset=utf-8")
    } else {
        kind.to_owned()
    };
    ([(header::CONTENT_TYPE, kind)], Body::from(file.data.into_owned())).into_response()
}
