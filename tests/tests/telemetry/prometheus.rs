//! Asking Prometheus.

use onqueue_testkit::PrometheusServer;
use onqueue_tests::installation::Installation;
use serde_json::Value;
use std::path::Path;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// One Prometheus that reads from every member each second, as `onqueue`, and judges the alert rules.
pub async fn of(installation: &mut Installation, rules: &Path) -> PrometheusServer {
    let targets: Vec<String> = installation
        .members()
        .map(|member| format!("'{}'", member.health))
        .collect();
    let configuration = format!(
        "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\n\
         rule_files: ['{}']\n\
         scrape_configs:\n  - job_name: onqueue\n    static_configs: [{{ targets: [{}] }}]\n",
        rules.display(),
        targets.join(", ")
    );
    onqueue_testkit::prometheus(configuration).await
}

/// The values of an expression now, or why there are none.
pub async fn query(server: &PrometheusServer, expression: &str) -> Result<Vec<f64>, String> {
    let answer = get(server, &format!("/api/v1/query?query={}", encoded(expression))).await?;
    if answer["status"] != "success" {
        return Err(format!("{expression}: {}", answer["error"]));
    }
    let data = &answer["data"];
    let samples = match data["resultType"].as_str() {
        Some("vector") => data["result"].as_array().cloned().unwrap_or_default(),
        other => return Err(format!("{expression}: a {other:?}, not a vector")),
    };
    let value = |sample: &Value| sample["value"][1].as_str().and_then(|value| value.parse().ok());
    Ok(samples.iter().filter_map(value).collect())
}

/// The rules that it judges, each with its health.
pub async fn rules(server: &PrometheusServer) -> Vec<(String, String)> {
    let answer = get(server, "/api/v1/rules").await.expect("answers");
    let groups = answer["data"]["groups"].as_array().cloned().unwrap_or_default();
    let rules = groups
        .iter()
        .flat_map(|group| group["rules"].as_array().cloned().unwrap_or_default());
    rules
        .map(|rule| {
            (
                text(&rule["name"]),
                format!("{} {}", text(&rule["health"]), text(&rule["lastError"])),
            )
        })
        .collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

async fn get(server: &PrometheusServer, path: &str) -> Result<Value, String> {
    let ask = async {
        let mut io = TcpStream::connect(server.address()).await?;
        // In version 1.0 nothing comes in chunks.
        io.write_all(format!("GET {path} HTTP/1.0\r\nhost: x\r\n\r\n").as_bytes())
            .await?;
        let mut answer = String::new();
        io.read_to_string(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    let answer = ask.await.map_err(|error| error.to_string())?;
    let (_, body) = answer.split_once("\r\n\r\n").ok_or("no body")?;
    serde_json::from_str(body).map_err(|error| format!("{error}: {answer}"))
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
