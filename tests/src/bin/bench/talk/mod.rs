//! Messages that are followed until they came out of every stream of their conversations: as fast as they are answered, or at
//! a constant rate, where the time counts from the moment at which a message was to be sent.

pub mod onqueue;
pub mod xmpp;

use crate::{Outcome, summary};
use clap::Args;
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
    time::{sleep, timeout},
};

/// How long the last messages may take to come out.
const PATIENCE: Duration = Duration::from_secs(60);

/// After how long what may be left out counts as lost.
const LOST: Duration = Duration::from_secs(2);

/// How much, and in which way.
#[derive(Args, Clone, Debug)]
pub struct Load {
    /// Who send at once.
    #[arg(long, default_value_t = 64)]
    pub senders: usize,
    /// Messages a second, of all together; as many as are answered, if not said.
    #[arg(long)]
    pub rate: Option<f64>,
    /// Nobody sends before their last message came out of every stream.
    #[arg(long)]
    pub in_turn: bool,
    /// For how long.
    #[arg(long, default_value_t = 5)]
    pub seconds: u64,
}

/// Somebody who sends.
pub trait Carrier: Send + 'static {
    /// Whether some of what is sent may be left out on the way.
    const IS_LOSSY: bool = false;

    /// Sends what was to be sent at that time; done when it was taken.
    fn carry(&mut self, due: Duration) -> impl Future<Output = Outcome<()>> + Send;

    /// Out of how many streams each of its messages comes.
    fn streams(&self) -> usize;

    /// Where it is noted that they did.
    fn ears(&self) -> Arc<Ears>;
}

/// Notes what comes out of streams.
#[derive(Debug)]
pub struct Ears {
    epoch: Instant,
    delays: Mutex<Vec<Duration>>,
    /// What is on its way and does not tell its time itself.
    expected: Mutex<VecDeque<Duration>>,
    heard: Semaphore,
}

impl Ears {
    /// For messages that tell their time since `epoch`.
    pub fn new(epoch: Instant) -> Arc<Self> {
        Arc::new(Self {
            epoch,
            delays: Mutex::default(),
            expected: Mutex::default(),
            heard: Semaphore::new(0),
        })
    }

    /// A message came out of a stream; another text than ours is none.
    pub fn hear(&self, text: &str) {
        if let Some(due) = due(text) {
            self.note(due);
        }
    }

    /// Something will come that does not tell its time.
    pub fn expect(&self, due: Duration) {
        let mut expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        expected.push_back(due);
    }

    /// The next of what does not tell its time came.
    pub fn hear_next(&self) {
        let next = self.expected.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        if let Some(due) = next {
            self.note(due);
        }
    }

    fn note(&self, due: Duration) {
        let delay = self.epoch.elapsed().saturating_sub(due);
        self.delays.lock().unwrap_or_else(PoisonError::into_inner).push(delay);
        self.heard.add_permits(1);
    }

    /// Waits until so many more came.
    pub async fn heard(&self, count: usize) -> Outcome<()> {
        let heard = self.heard.acquire_many(u32::try_from(count)?);
        timeout(PATIENCE, heard).await??.forget();
        Ok(())
    }

    /// How long what came since the last time took.
    pub fn take(&self) -> Vec<Duration> {
        std::mem::take(&mut self.delays.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn count(&self) -> usize {
        self.delays.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// A text of usual length that tells when it was to be sent.
pub fn text(due: Duration) -> String {
    format!("{} {}", due.as_nanos(), crate::append::TEXT)
}

fn due(text: &str) -> Option<Duration> {
    let (number, rest) = text.split_once(' ')?;
    let is_ours = rest == crate::append::TEXT;
    number.parse().ok().filter(|_| is_ours).map(Duration::from_nanos)
}

/// Lets everybody send, and says how long acknowledgements and deliveries took.
pub async fn drive<C: Carrier>(load: &Load, carriers: Vec<C>, epoch: Instant) -> Outcome<Value> {
    let ears: Vec<Arc<Ears>> = carriers.iter().map(Carrier::ears).collect();
    let streams: Vec<usize> = carriers.iter().map(Carrier::streams).collect();
    let began = Instant::now();
    let taken = match load.rate {
        Some(rate) => at_rate(carriers, rate, load.seconds, epoch).await?,
        None => closed(carriers, load, epoch).await?,
    };
    let over = began.elapsed();
    let expected: usize = taken
        .iter()
        .zip(&streams)
        .map(|(taken, streams)| taken.len() * streams)
        .sum();
    let ears = distinct(ears);
    let came = || ears.iter().map(|ears| ears.count()).sum::<usize>();
    let end = Instant::now() + if C::IS_LOSSY { LOST } else { PATIENCE };
    while came() < expected && Instant::now() < end {
        sleep(Duration::from_millis(10)).await;
    }
    let lost = expected.saturating_sub(came());
    if lost > 0 && !C::IS_LOSSY {
        return Err(format!("{lost} of {expected} did not come out").into());
    }
    let delays = ears.iter().flat_map(|ears| ears.take()).collect();
    let sends = summary(taken.into_iter().flatten().collect(), over);
    Ok(json!({ "sends": sends, "delivered": summary(delays, over), "lost": lost }))
}

/// Several senders may share one.
fn distinct(mut ears: Vec<Arc<Ears>>) -> Vec<Arc<Ears>> {
    ears.sort_by_key(Arc::as_ptr);
    ears.dedup_by(|one, other| Arc::ptr_eq(one, other));
    ears
}

async fn closed<C: Carrier>(carriers: Vec<C>, load: &Load, epoch: Instant) -> Outcome<Vec<Vec<Duration>>> {
    let end = Instant::now() + Duration::from_secs(load.seconds);
    let in_turn = load.in_turn;
    let senders = carriers.into_iter().map(|mut carrier| async move {
        let (ears, streams) = (carrier.ears(), carrier.streams());
        let mut taken = Vec::new();
        while Instant::now() < end {
            let began = Instant::now();
            carrier.carry(epoch.elapsed()).await?;
            taken.push(began.elapsed());
            if in_turn {
                ears.heard(streams).await?;
            }
        }
        Ok(taken)
    });
    all(senders).await
}

async fn at_rate<C: Carrier>(carriers: Vec<C>, rate: f64, seconds: u64, epoch: Instant) -> Outcome<Vec<Vec<Duration>>> {
    let count = (rate * seconds as f64) as usize;
    let (mut dues, mut senders) = (Vec::new(), Vec::new());
    for mut carrier in carriers {
        // Room for all that will be due: the clock waits for nobody.
        let (tell, mut told) = mpsc::channel::<Duration>(count);
        dues.push(tell);
        senders.push(async move {
            let mut taken = Vec::new();
            while let Some(due) = told.recv().await {
                carrier.carry(due).await?;
                taken.push(epoch.elapsed().saturating_sub(due));
            }
            Ok(taken)
        });
    }
    // A thread of its own sleeps more exactly than the runtime's clock, whose ticks are a millisecond.
    std::thread::spawn(move || {
        let first = epoch.elapsed() + Duration::from_millis(50);
        for number in 0..count {
            let due = first + Duration::from_secs_f64(number as f64 / rate);
            std::thread::sleep(due.saturating_sub(epoch.elapsed()));
            if dues[number % dues.len()].blocking_send(due).is_err() {
                return;
            }
        }
    });
    all(senders).await
}

async fn all<F>(senders: impl IntoIterator<Item = F>) -> Outcome<Vec<Vec<Duration>>>
where
    F: Future<Output = Outcome<Vec<Duration>>> + Send + 'static,
{
    let mut running = JoinSet::new();
    for (number, sender) in senders.into_iter().enumerate() {
        running.spawn(async move { sender.await.map(|taken| (number, taken)) });
    }
    let mut taken = Vec::new();
    while let Some(one) = running.join_next().await {
        taken.push(one??);
    }
    taken.sort_by_key(|(number, _)| *number);
    Ok(taken.into_iter().map(|(_, taken)| taken).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_tells_its_time_and_others_do_not() {
        let at = Duration::from_nanos(12_345);
        assert_eq!(due(&text(at)), Some(at));
        assert_eq!(due("12345 or so"), None);
        assert_eq!(due("Hello"), None);
    }
}
