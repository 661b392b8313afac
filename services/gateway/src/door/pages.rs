//! The web pages, from inside the binary (in debug builds from the folder), with the headers that keep them safe.

use crate::Settings;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, RawQuery, Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use http_body_util::BodyExt as _;
use onqueue_model::DeploymentId;
use onqueue_trust::Trust;
use rust_embed::{Embed, EmbeddedFile};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
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
    let assets = get(asset)
        .layer(CompressionLayer::new())
        .layer(middleware::from_fn_with_state(Kept::default(), compressed_once));
    Router::new()
        .route("/", get(|| async { Redirect::temporary("/desk") }))
        .route("/chat", get(chat))
        .route("/desk", get(|| async { page("desk.html", "'none'") }))
        .route("/assets/{file}", assets)
        .fallback(|| async { (StatusCode::NOT_FOUND, "there is no such page\n") })
        .with_state(site)
        .layer(always("cross-origin-resource-policy", "same-origin"))
        .merge(for_other_sites())
        .layer(always("x-content-type-options", "nosniff"))
        .layer(always("referrer-policy", "no-referrer"))
}

/// The one script that pages of other web sites include.
fn for_other_sites() -> Router {
    let messenger = get(messenger).layer(CompressionLayer::new());
    Router::new().route("/messenger.js", messenger)
}

async fn messenger() -> Response {
    let headers = [
        (header::CACHE_CONTROL, "public, max-age=3600"),
        (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    ];
    match Dist::get("messenger.js") {
        Some(file) => (headers, content(file)).into_response(),
        None => (StatusCode::SERVICE_UNAVAILABLE, "the pages have not been built\n").into_response(),
    }
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

/// Assets as they were compressed for the first who asked: what one name holds never changes, and there are only so many.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<HashMap<String, (HeaderMap, Bytes)>>>);

async fn compressed_once(
    State(Kept(kept)): State<Kept>,
    Path(file): Path<String>,
    mut request: Request,
    next: Next,
) -> Response {
    if !takes_gzip(request.headers()) {
        request.headers_mut().remove(header::ACCEPT_ENCODING);
        return next.run(request).await;
    }
    if request.method() != Method::GET {
        return next.run(request).await;
    }
    let known = kept.lock().unwrap_or_else(PoisonError::into_inner).get(&file).cloned();
    if let Some((headers, bytes)) = known {
        return (headers, bytes).into_response();
    }
    let (parts, body) = next.run(request).await.into_parts();
    if !parts.headers.contains_key(header::CONTENT_ENCODING) {
        return Response::from_parts(parts, body);
    }
    let Ok(bytes) = body.collect().await.map(http_body_util::Collected::to_bytes) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    if parts.status == StatusCode::OK {
        let entry = (parts.headers.clone(), bytes.clone());
        kept.lock().unwrap_or_else(PoisonError::into_inner).insert(file, entry);
    }
    Response::from_parts(parts, Body::from(bytes))
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let said = headers.get_all(header::ACCEPT_ENCODING).iter();
    said.filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|item| {
            let (name, weight) = item.split_once(';').unwrap_or((item, "q=1"));
            let weight = weight.trim().strip_prefix("q=").and_then(|q| q.parse::<f32>().ok());
            name.trim().eq_ignore_ascii_case("gzip") && weight.is_some_and(|weight| weight > 0.0)
        })
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

#[cfg(test)]
mod tests {
    use super::*;
    use tower::ServiceExt as _;

    #[test]
    fn gzip_for_those_who_take_it() {
        for (said, expected) in [
            ("gzip", true),
            ("gzip, deflate, br, zstd", true),
            ("br;q=1.0, GZIP;q=0.5", true),
            ("gzip;q=0", false),
            ("gzip;q=0.0, br", false),
            ("*", false),
            ("identity", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(said));
            assert_eq!(takes_gzip(&headers), expected, "{said}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[tokio::test]
    async fn what_was_compressed_is_kept() {
        let kept = Kept::default();
        let large = || async { ([(header::CONTENT_TYPE, "text/css")], "body{}\n".repeat(1_000)) };
        let router: Router = Router::new().route(
            "/assets/{file}",
            get(large)
                .layer(CompressionLayer::new())
                .layer(middleware::from_fn_with_state(kept.clone(), compressed_once)),
        );
        let ask = async |path: &str, encoding: &'static str| {
            let mut request = Request::new(Body::empty());
            *request.uri_mut() = path.parse().expect("a path");
            let value = HeaderValue::from_static(encoding);
            request.headers_mut().insert(header::ACCEPT_ENCODING, value);
            let (parts, body) = router.clone().oneshot(request).await.expect("answered").into_parts();
            (parts.headers, body.collect().await.expect("a body").to_bytes())
        };
        let (headers, plain) = ask("/assets/a.css", "br").await;
        assert!(plain.len() == 7_000 && !headers.contains_key(header::CONTENT_ENCODING));
        let first = ask("/assets/a.css", "gzip").await;
        assert!(first.1.len() < 1_000 && first.0[header::CONTENT_ENCODING] == "gzip");
        let second = ask("/assets/a%2ecss", "br, gzip").await;
        assert_eq!(
            (&first.1, &second.0[header::CONTENT_TYPE]),
            (&second.1, &HeaderValue::from_static("text/css"))
        );
        assert_eq!(
            first.1.as_ptr(),
            second.1.as_ptr(),
            "the same bytes, not compressed anew"
        );
        assert_eq!(kept.0.lock().expect("kept").len(), 1);
    }
}
