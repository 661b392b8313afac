//! What was set about queues, as answers.

use super::encode;
use crate::app::{Comparison, Revisions};
use onqueue_proto::routing::v1 as proto;
use onqueue_proto::timestamp;
use onqueue_store::encode_token;

pub fn page(found: Revisions) -> proto::ListQueueRevisionsResponse {
    let queue = found.queue;
    let revisions = found.page.items.into_iter().map(|revision| proto::QueueRevision {
        revision: revision.revision,
        changed_at: Some(timestamp(revision.at)),
        changed_by: revision.by,
        queue: Some(encode::queue(&crate::store::Queue {
            revision: revision.revision,
            content: revision.content,
            ..queue.clone()
        })),
    });
    proto::ListQueueRevisionsResponse {
        revisions: revisions.collect(),
        next_page_token: found.page.next.as_ref().map(encode_token).unwrap_or_default(),
    }
}

pub fn comparison(compared: Comparison) -> proto::CompareQueueRevisionsResponse {
    let differences = compared.differences.into_iter();
    let differences = differences.map(|difference| proto::FieldDifference {
        field: difference.field,
        old_value: difference.old,
        new_value: difference.new,
    });
    proto::CompareQueueRevisionsResponse {
        old_revision: compared.old,
        new_revision: compared.new,
        differences: differences.collect(),
    }
}
