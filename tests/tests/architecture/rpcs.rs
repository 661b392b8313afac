//! Rule 7: what every rpc declares about itself. That it is enforced is the authorization test's business.

use super::source::assert_clean;
use onqueue_model::permissions;
use onqueue_proto::{Access, Idempotency, Method, SizeClass, methods};

const SERVICES: &[&str] = &["gateway", "auth", "routing", "session", "content"];

fn undeclared(method: &Method, catalogue: &[&str]) -> Vec<String> {
    let mut problems = Vec::new();
    match method.access {
        None => problems.push("declares no access".to_owned()),
        Some(Access::Permission(name)) if !catalogue.contains(&name) => {
            problems.push(format!("wants {name}, which is not in the catalogue of libs/model"));
        }
        Some(Access::Services(names)) if names.is_empty() || names.iter().any(|name| !SERVICES.contains(name)) => {
            problems.push(format!("is for {names:?}, which are not all services"));
        }
        Some(_) => {}
    }
    if method.idempotency == Idempotency::Unspecified {
        problems.push("declares no idempotency".to_owned());
    }
    if method.size == SizeClass::Unspecified {
        problems.push("declares no size class".to_owned());
    }
    if method.is_public() && method.size == SizeClass::Internal {
        problems.push("is public but takes requests of internal size".to_owned());
    }
    if method.streams && method.idempotency != Idempotency::Read {
        problems.push("streams but is not a read, so that calling it again is no reconnect".to_owned());
    }
    problems
        .into_iter()
        .map(|problem| format!("{} {problem}", method.path))
        .collect()
}

#[test]
fn rule_7_every_rpc_declares_access_idempotency_and_size() {
    assert!(methods().len() > 20, "the table of rpcs is read wrongly");
    let findings: Vec<String> = methods()
        .iter()
        .flat_map(|method| undeclared(method, permissions::ALL))
        .collect();
    assert_clean("rpcs", &findings);
}

#[test]
fn rule_7_finds_what_breaks_it() {
    let method = |access, idempotency, size, streams| Method {
        path: "/onqueue.x.v1.XService/Do",
        access,
        idempotency,
        size,
        streams,
        audited: false,
        deadline_ms: 0,
    };
    use {Access as A, Idempotency as I, SizeClass as S};
    for (sample, expected) in [
        (method(Some(A::User), I::State, S::Small, false), 0),
        (method(None, I::State, S::Small, false), 1),
        (method(Some(A::Permission("a:b:c")), I::Read, S::Small, true), 0),
        (method(Some(A::Permission("a:b:d")), I::Read, S::Small, false), 1),
        (method(Some(A::Services(&["postman"])), I::Read, S::Internal, false), 1),
        (method(Some(A::User), I::Unspecified, S::Unspecified, false), 2),
        (method(Some(A::Anyone), I::Read, S::Internal, false), 1),
        (method(Some(A::User), I::State, S::Small, true), 1),
    ] {
        assert_eq!(undeclared(&sample, &["a:b:c"]).len(), expected, "{sample:?}");
    }
}
