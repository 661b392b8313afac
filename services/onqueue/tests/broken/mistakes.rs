//! What people get wrong: each with the key that has to be named, and a word of what to do.

/// A mistake: what is in the environment, the key that has to be named, and a word of what to do.
pub type Mistake = (&'static [(&'static str, &'static str)], &'static str, &'static str);

pub const MISTAKES: &[Mistake] = &[
    (
        &[("ONQUEUE_GATEWAY__LISTEN", "8080")],
        "gateway.listen",
        "socket address",
    ),
    (
        &[("ONQUEUE_GATEWAY__LISTEN", "localhost:8080")],
        "gateway.listen",
        "socket address",
    ),
    (
        &[("ONQUEUE_GATEWAY__LISTEN", "127.0.0.1:99999")],
        "gateway.listen",
        "socket address",
    ),
    (
        &[("ONQUEUE_GATEWAY__LISTEN", "203.0.113.7:0")],
        "gateway.listen",
        "0.0.0.0 for all",
    ),
    (
        &[("ONQUEUE_GATEWAY__LISTNE", "127.0.0.1:0")],
        "gateway.listne",
        "did you mean gateway.listen?",
    ),
    (
        &[("ONQUEUE_GATEWAY_LISTEN", "127.0.0.1:0")],
        "ONQUEUE_GATEWAY_LISTEN",
        "ONQUEUE_GATEWAY__LISTEN",
    ),
    (
        &[("ONQUEUE_GATWAY__LISTEN", "127.0.0.1:0")],
        "gatway",
        "did you mean [gateway]?",
    ),
    (
        &[("ONQUEUE_GATEWAY__DEFAULT_DEPLOYMENT", "demo")],
        "gateway.default_deployment",
        "UUID",
    ),
    (
        &[("ONQUEUE_GATEWAY__ORIGINS", "chat.example")],
        "gateway.origins",
        "https://chat.example",
    ),
    (
        &[("ONQUEUE_GATEWAY__TRUSTED_PROXIES", "10.0.0.0/33")],
        "gateway.trusted_proxies",
        "10.0.0.0/8",
    ),
    (
        &[("ONQUEUE_GATEWAY__REFLECTION", "perhaps")],
        "ONQUEUE_GATEWAY__REFLECTION",
        "true or false",
    ),
    (
        &[("ONQUEUE_GATEWAY__UNARY_DEADLINE_MS", "0")],
        "gateway.unary_deadline_ms",
        "more than 0",
    ),
    (
        &[("ONQUEUE_GATEWAY__UNARY_DEADLINE_MS", "-5")],
        "gateway.unary_deadline_ms",
        "expected",
    ),
    (
        &[("ONQUEUE_GATEWAY__UNARY_CALLS", "many")],
        "ONQUEUE_GATEWAY__UNARY_CALLS",
        "whole number",
    ),
    (
        &[("ONQUEUE_GATEWAY__LOGIN_RATE", "10 a minute")],
        "gateway.login_rate",
        "/minute",
    ),
    (
        &[("ONQUEUE_GATEWAY__STREAMS_PER_CALLER", "0")],
        "gateway.streams_per_caller",
        "more than 0",
    ),
    (&[("ONQUEUE_GATEWAY__UPLOADS", "0")], "gateway.uploads", "more than 0"),
    (
        &[("ONQUEUE_AUTH__ACCESS_TOKEN_MINUTES", "11")],
        "auth.access_token_minutes",
        "1 to 10",
    ),
    (
        &[("ONQUEUE_AUTH__SIGNING_KEY_DAYS", "1")],
        "auth.signing_key_days",
        "at least 2",
    ),
    (
        &[("ONQUEUE_AUTH__LOCKOUT_FAILURES", "0")],
        "auth.lockout_failures",
        "more than 0",
    ),
    (
        &[("ONQUEUE_AUTH__REFRESH_TOKEN_DAYS", "4294967296")],
        "auth.refresh_token_days",
        "expected u32",
    ),
    (&[("ONQUEUE_ROUTING__LEASE_MS", "10")], "routing.lease_ms", "renew_ms"),
    (
        &[("ONQUEUE_ROUTING__LEASE_MS", "18446744073709551616")],
        "ONQUEUE_ROUTING__LEASE_MS",
        "whole number",
    ),
    (
        &[("ONQUEUE_ROUTING__GONE_AFTER_MS", "1")],
        "routing.gone_after_ms",
        "heartbeat_ms",
    ),
    (&[("ONQUEUE_ROUTING__LOG_DAYS", "0")], "routing.log_days", "more than 0"),
    (
        &[("ONQUEUE_ROUTING__ADDRESS", "nowhere")],
        "routing.address",
        "host:port",
    ),
    (&[("ONQUEUE_SESSION__BATCH", "257")], "session.batch", "1 to 256"),
    (
        &[("ONQUEUE_SESSION__ACCESS_TOKEN_MS", "1")],
        "session.access_token_ms",
        "10,000 to 600,000",
    ),
    (&[("ONQUEUE_SESSION__MASK_PATTERNS", "(")], "session.mask_patterns", "("),
    (
        &[("ONQUEUE_ATTACHMENTS__FOLDER", "")],
        "attachments.folder",
        "s3_bucket",
    ),
    (
        &[("ONQUEUE_ATTACHMENTS__FOLDER", "/dev/null/x")],
        "attachments.folder",
        "not a folder",
    ),
    (
        &[("ONQUEUE_ATTACHMENTS__S3_KEY", "k")],
        "attachments.s3_secret",
        "both or neither",
    ),
    (
        &[("ONQUEUE_ATTACHMENTS__S3_ENDPOINT", "s3.example")],
        "attachments.s3_endpoint",
        "https://",
    ),
    (
        &[("ONQUEUE_ATTACHMENTS__SCANNER_URL", "ftp://scan")],
        "attachments.scanner_url",
        "https://",
    ),
    (
        &[("ONQUEUE_ATTACHMENTS__DOWNLOAD_MS", "1")],
        "attachments.download_ms",
        "1,000",
    ),
    (
        &[("ONQUEUE_STORE__URL", "mysql://db/onqueue")],
        "store.url",
        "postgres://",
    ),
    (
        &[("ONQUEUE_STORE__URL", "postgres://me:canary-7f3a@db:99999/onqueue")],
        "store.url",
        "postgres://",
    ),
    (
        &[("ONQUEUE_STORE__URL", "postgres://me:canary-7f3a/x@db/onqueue")],
        "store.url",
        "%2F",
    ),
    (&[("ONQUEUE_STORE__URL", "")], "store.url", "sqlite://"),
    (&[("ONQUEUE_STORE__URL", "sqlite:///tmp")], "store.url", "is a folder"),
    (
        &[("ONQUEUE_STORE__URL", "sqlite://no.db")],
        "store.url",
        "no SQLite database",
    ),
    (
        &[("ONQUEUE_STORE__URL", "sqlite://empty.db")],
        "store.url",
        "onqueue restore FILE",
    ),
    (
        &[("ONQUEUE_STORE__URL", "sqlite:///dev/null/x.db")],
        "store.url",
        "not a folder",
    ),
    (
        &[("ONQUEUE_STORE__URL_FILE", "/nowhere/at/all")],
        "store.url_file",
        "path of a file",
    ),
    (
        &[("ONQUEUE_STORE__AUTH_URL", "postgres://me:canary-7f3a@db/x")],
        "store.auth_url",
        "store.url",
    ),
    (&[("ONQUEUE_STORE__READERS", "0")], "store.readers", "more than 0"),
    (&[("ONQUEUE_STORE__CONNECTIONS", "1")], "store.connections", "2 or more"),
    (
        &[
            ("ONQUEUE_ATTACHMENTS__S3_SECRET", "canary-7f3a"),
            ("ONQUEUE_ATTACHMENTS__S3_SECRET_FILE", "canary-7f3a"),
        ],
        "attachments.s3_secret",
        "given twice",
    ),
    (
        &[("ONQUEUE_ATTACHMENTS__S3_SECRET_FILE", "canary-7f3a")],
        "attachments.s3_secret_file",
        "path of a file",
    ),
    (
        &[("ONQUEUE_BUS__URL", "http://me:canary-7f3a@bus")],
        "bus.url",
        "nats://",
    ),
    (&[("ONQUEUE_BUS__PREFIX", "on.queue")], "bus.prefix", "letters"),
    (
        &[("ONQUEUE_TLS__FOLDER", "/nowhere/certs")],
        "tls.folder",
        "onqueue certs",
    ),
    (&[("ONQUEUE_TLS__RELOAD_MS", "0")], "tls.reload_ms", "more than 0"),
    (
        &[("ONQUEUE_CLIENTS__SESSION", "session")],
        "clients.session",
        "host:port",
    ),
    (
        &[("ONQUEUE_CLIENTS__AUTH", "http://auth:7001")],
        "clients.auth",
        "host:port",
    ),
    (
        &[("ONQUEUE_CONNECTIONS__STREAMS", "0")],
        "connections.streams",
        "more than 0",
    ),
    (
        &[("ONQUEUE_LIMITS__UNARY_DEFAULT_MS", "60001")],
        "limits.unary_default_ms",
        "unary_maximum_ms",
    ),
    (
        &[("ONQUEUE_LISTENER__CONNECTIONS", "0")],
        "listener.connections",
        "more than 0",
    ),
    (
        &[("ONQUEUE_LISTENER__EXEMPT", "everybody")],
        "listener.exempt",
        "10.0.0.0/8",
    ),
    (&[("ONQUEUE_INTERNAL__AGE_MS", "0")], "internal.age_ms", "more than 0"),
    (&[("ONQUEUE_TELEMETRY__LEVEL", "loud=very")], "telemetry.level", "level"),
    (&[("ONQUEUE_TELEMETRY__FORMAT", "xml")], "telemetry.format", "json"),
    (
        &[("ONQUEUE_TELEMETRY__ENDPOINT", "me:canary-7f3a@collector")],
        "telemetry.endpoint",
        "http://127.0.0.1:4317",
    ),
    (
        &[("ONQUEUE_PROCESS__SERVICES", "gatway")],
        "process.services",
        "gateway, auth",
    ),
    (&[("ONQUEUE_PROCESS__SERVICES", "")], "process.services", "at least one"),
    (
        &[("ONQUEUE_PROCESS__DRAIN_MS", "0")],
        "process.drain_ms",
        "drain_delay_ms",
    ),
    (
        &[("ONQUEUE_PROCESS__HEALTH_LISTEN", "nowhere")],
        "process.health_listen",
        "socket address",
    ),
    (
        &[
            ("ONQUEUE_GATEWAY__LISTEN", "127.0.0.1:41999"),
            ("ONQUEUE_PROCESS__HEALTH_LISTEN", "127.0.0.1:41999"),
        ],
        "process.health_listen",
        "its own port",
    ),
    (
        &[("ONQUEUE_PROCESS__PRODUCTION", "true")],
        "gateway.reflection",
        "must be false",
    ),
    (
        &[
            ("ONQUEUE_PROCESS__PRODUCTION", "true"),
            ("ONQUEUE_PROCESS__TEST_CLOCK", "/tmp/moved"),
        ],
        "process.test_clock",
        "not in production",
    ),
    (
        &[
            ("ONQUEUE_PROCESS__PRODUCTION", "true"),
            ("ONQUEUE_ROUTING__FENCE", "false"),
        ],
        "routing.fence",
        "not in production",
    ),
    (
        &[("ONQUEUE_PROCESS__SERVICES", "session")],
        "store.url",
        "need PostgreSQL",
    ),
    (
        &[("ONQUEUE_PROCESS__SERVICES", "session")],
        "tls.folder",
        "onqueue certs",
    ),
    (
        &[
            ("ONQUEUE_PROCESS__SERVICES", "session"),
            ("ONQUEUE_STORE__URL", "postgres://me:canary-7f3a@127.0.0.1:1/x"),
        ],
        "bus.url",
        "need NATS",
    ),
    (
        &[("ONQUEUE_PROCESS__SERVICES", "gateway")],
        "clients.content",
        "at least one address",
    ),
    (
        &[
            ("ONQUEUE_TLS__FOLDER", "certs"),
            ("ONQUEUE_ROUTING__LISTEN", "0.0.0.0:0"),
        ],
        "routing.address",
        "where other replicas reach",
    ),
];

/// Settings files that cannot be used.
pub const FILES: &[(&str, &str, &str)] = &[
    (
        "[store]\nurl = \"postgres://me:canary-7f3a@db\n",
        "onqueue.toml",
        "line 2",
    ),
    ("[attachments]\ns3_secret = canary-7f3a\n", "onqueue.toml", "line 2"),
    ("gateway = 1\n", "gateway", "is a section"),
    ("[gateway]\nlisten = 8080\n", "gateway.listen", "of type string"),
    (
        "[gateway]\norigins = \"https://chat.example\"\n",
        "gateway.origins",
        "of type array",
    ),
    ("[gateway]\norigins = [1]\n", "gateway.origins", "string"),
    (
        "[process]\nlisten = \"127.0.0.1:0\"\n",
        "process.listen",
        "did you mean",
    ),
];
