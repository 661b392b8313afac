//! Calls by HTTP to what stands beside the installation: a service that speaks S3, a scanner. Connections are kept for the
//! next call; TLS trusts whom the machine trusts; nothing is followed to another place.

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use object_store::{
    ClientOptions,
    client::{
        HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse, HttpResponseBody, HttpService,
    },
};
use onqueue_model::Fault;
use std::{error::Error, fmt, time::Duration};
use tokio_rustls::rustls::crypto::ring;

/// How long an unused connection is kept.
const IDLE: Duration = Duration::from_secs(30);

/// How long making one may take.
const CONNECTING: Duration = Duration::from_secs(5);

type Connector = HttpsConnector<HttpConnector>;

/// Makes calls whose bodies are a `B`.
pub(crate) struct Caller<B>(Client<Connector, B>);

impl<B> Clone for Caller<B> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<B> fmt::Debug for Caller<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Caller")
    }
}

impl<B> Caller<B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    /// A caller with connections of its own. UNAVAILABLE if the machine's certificates cannot be read.
    pub(crate) fn new() -> Result<Self, Fault> {
        let mut tcp = HttpConnector::new();
        tcp.set_connect_timeout(Some(CONNECTING));
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(ring::default_provider())
            .map_err(Fault::unavailable)?
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_timer(TokioTimer::new())
            .build(connector);
        Ok(Self(client))
    }

    /// The head of the answer, whose body follows.
    pub(crate) async fn call(
        &self,
        request: Request<B>,
    ) -> Result<Response<hyper::body::Incoming>, hyper_util::client::legacy::Error> {
        self.0.request(request).await
    }
}

/// The same for what speaks S3.
#[derive(Clone, Debug)]
pub(crate) struct ForStore {
    caller: Caller<HttpRequestBody>,
    within: Duration,
}

impl ForStore {
    pub(crate) fn new(within: Duration) -> Result<Self, Fault> {
        let caller = Caller::new()?;
        Ok(Self { caller, within })
    }
}

#[async_trait::async_trait]
impl HttpService for ForStore {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        use http_body_util::BodyExt as _;
        let answer = tokio::time::timeout(self.within, self.caller.call(request)).await;
        let answer = answer.map_err(|elapsed| HttpError::new(HttpErrorKind::Timeout, elapsed))?;
        let answer = answer.map_err(|error| HttpError::new(kind(&error), error))?;
        Ok(answer
            .map(|body| HttpResponseBody::new(body.map_err(|error| HttpError::new(HttpErrorKind::Interrupted, error)))))
    }
}

impl object_store::client::HttpConnector for ForStore {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

fn kind(error: &hyper_util::client::legacy::Error) -> HttpErrorKind {
    if error.is_connect() {
        HttpErrorKind::Connect
    } else {
        HttpErrorKind::Interrupted
    }
}
