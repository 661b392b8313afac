//! What each metric counts, in words.

use Measure::{Highest, Mean, Now, Percentile, Share, Sum};
use Subject::{Agent, Organisation, Queue};
use Unit::{Count, HundredthsOfPercent, Milliseconds};

/// A metric, and what it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition {
    /// How it is called wherever it is named.
    pub name: &'static str,
    /// In what it is measured.
    pub unit: Unit,
    /// How it comes about.
    pub measure: Measure,
    /// Of what it is known.
    pub subjects: &'static [Subject],
    /// What counts, in English.
    pub english: &'static str,
    /// What counts, in German.
    pub german: &'static str,
}

/// See [`Definition::unit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A number of things.
    Count,
    /// Milliseconds.
    Milliseconds,
    /// Hundredths of a percent: 10,000 is all.
    HundredthsOfPercent,
}

/// How a metric comes about, and what it is for several spans together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// As it is now. It has no history.
    Now,
    /// Counted in a span; of several spans the sum.
    Sum,
    /// Counted in a span; of several spans the highest.
    Highest,
    /// One sum divided by another, both of the span or spans.
    Mean,
    /// One sum as part of another, both of the span or spans.
    Share,
    /// Of the times in the span or spans, by a histogram of fixed buckets that add up.
    Percentile,
}

/// Of what a metric is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Of each queue.
    Queue,
    /// Of all queues together.
    Organisation,
    /// Of each agent.
    Agent,
}

const QUEUES: &[Subject] = &[Queue, Organisation];
const AGENTS: &[Subject] = &[Agent];
const ALL: &[Subject] = &[Queue, Organisation, Agent];

const fn define(
    (name, unit, measure, subjects): (&'static str, Unit, Measure, &'static [Subject]),
    english: &'static str,
    german: &'static str,
) -> Definition {
    Definition {
        name,
        unit,
        measure,
        subjects,
        english,
        german,
    }
}

/// All metrics. Their words are in one place; pages and documents show these.
pub const DEFINITIONS: &[Definition] = &[
    define(
        ("waiting", Count, Now, QUEUES),
        "Interactions in line. Those that alert an agent are not among them.",
        "Interaktionen in der Schlange. Solche, die gerade einen Agenten rufen, zählen nicht dazu.",
    ),
    define(
        ("alerting", Count, Now, ALL),
        "Interactions that are offered to an agent who has not answered yet.",
        "Interaktionen, die einem Agenten angeboten sind, der noch nicht geantwortet hat.",
    ),
    define(
        ("in_hand", Count, Now, ALL),
        "Interactions that an agent has taken and that are not over. After-contact work is not among them.",
        "Interaktionen, die ein Agent angenommen hat und die nicht vorbei sind. Nachbearbeitung zählt nicht dazu.",
    ),
    define(
        ("after_contact_now", Count, Now, ALL),
        "After-contact work that goes on.",
        "Nachbearbeitungen, die gerade laufen.",
    ),
    define(
        ("oldest_wait", Milliseconds, Now, QUEUES),
        "How long the interaction has waited in this queue that waits longest, alerting ones included. Nothing if none waits.",
        "Wie lange die am längsten wartende Interaktion in dieser Schlange wartet, rufende eingeschlossen. Leer, wenn keine wartet.",
    ),
    define(
        ("agents", Count, Now, QUEUES),
        "Agents by state: off queue, idle, interacting, communicating, not responding. Of a queue its joined members, of the \
         organisation all agents.",
        "Agenten nach Zustand: nicht im Dienst, frei, beschäftigt, anderweitig beschäftigt, antwortet nicht. Je Schlange die \
         beigetretenen Mitglieder, in der Organisation alle Agenten.",
    ),
    define(
        ("enqueued", Count, Sum, QUEUES),
        "Visits to the queue that began with a new interaction. A visit is one stay of an interaction in a queue, until it ends \
         or goes to another queue.",
        "Aufenthalte, die mit einer neuen Interaktion begannen. Ein Aufenthalt ist ein Verbleib einer Interaktion in einer \
         Schlange, bis sie endet oder in eine andere geht.",
    ),
    define(
        ("transferred_in", Count, Sum, QUEUES),
        "Visits that began with a transfer, from this queue or another.",
        "Aufenthalte, die mit einer Weiterleitung begannen, aus dieser oder einer anderen Schlange.",
    ),
    define(
        ("returned", Count, Sum, QUEUES),
        "Visits that began because the agent who had the interaction in hand was removed.",
        "Aufenthalte, die begannen, weil der Agent entfernt wurde, der die Interaktion hatte.",
    ),
    define(
        ("entered", Count, Sum, QUEUES),
        "Visits that began: enqueued + transferred_in + returned. Of all time: answered + abandoned + redirected + lost + \
         waiting + alerting.",
        "Begonnene Aufenthalte: enqueued + transferred_in + returned. Über alle Zeit: answered + abandoned + redirected + lost + \
         waiting + alerting.",
    ),
    define(
        ("refused", Count, Sum, QUEUES),
        "New interactions that were not let in because the queue held as many as it may. They are not entered.",
        "Neue Interaktionen, die nicht eingelassen wurden, weil die Schlange voll war. Sie zählen nicht als eingetreten.",
    ),
    define(
        ("offered", Count, Sum, ALL),
        "Offers made to agents. One interaction may be offered several times.",
        "Angebote an Agenten. Eine Interaktion kann mehrmals angeboten werden.",
    ),
    define(
        ("declined", Count, Sum, ALL),
        "Offers to which the agent said no.",
        "Angebote, die der Agent abgelehnt hat.",
    ),
    define(
        ("missed", Count, Sum, ALL),
        "Offers that the agent did not answer in time.",
        "Angebote, auf die der Agent nicht rechtzeitig geantwortet hat.",
    ),
    define(
        ("withdrawn", Count, Sum, ALL),
        "Offers that ended otherwise without an acceptance: the customer left, the agent went off queue, it was given to \
         somebody else, or nobody could answer because the service was interrupted.",
        "Angebote, die sonst ohne Annahme endeten: der Kunde ging, der Agent meldete sich ab, jemand anders bekam es, oder \
         niemand konnte antworten, weil der Dienst unterbrochen war.",
    ),
    define(
        ("answered", Count, Sum, ALL),
        "Visits whose interaction an agent took: by accepting, automatically, by pulling it or by hand.",
        "Aufenthalte, deren Interaktion ein Agent übernahm: durch Annehmen, automatisch, durch Herausgreifen oder von Hand.",
    ),
    define(
        ("answered_in_time", Count, Sum, QUEUES),
        "Of these, those whose wait in this queue was at most the service target's, as it was set at the time.",
        "Davon die, deren Wartezeit in dieser Schlange höchstens so lang war wie das damals eingestellte Serviceziel.",
    ),
    define(
        ("abandoned", Count, Sum, QUEUES),
        "Visits whose interaction ended while it waited or alerted, before an agent took it: the customer left, or the \
         conversation was ended for them. Transfers and removals of the queue are not among them.",
        "Aufenthalte, deren Interaktion endete, während sie wartete oder rief, bevor ein Agent sie übernahm: der Kunde ging, \
         oder die Unterhaltung wurde für ihn beendet. Weiterleitungen und das Entfernen der Schlange zählen nicht dazu.",
    ),
    define(
        ("abandoned_short", Count, Sum, QUEUES),
        "Of these, those whose wait was shorter than the queue counts against itself (service target; usually 5 s).",
        "Davon die, deren Wartezeit kürzer war, als die Schlange gegen sich gelten lässt (Serviceziel; üblich sind 5 s).",
    ),
    define(
        ("redirected", Count, Sum, QUEUES),
        "Visits that ended with a transfer before an agent took the interaction.",
        "Aufenthalte, die mit einer Weiterleitung endeten, bevor ein Agent die Interaktion übernahm.",
    ),
    define(
        ("lost", Count, Sum, QUEUES),
        "Visits that ended before an agent took the interaction because the queue was removed.",
        "Aufenthalte, die vor der Übernahme durch einen Agenten endeten, weil die Schlange entfernt wurde.",
    ),
    define(
        ("service_level", HundredthsOfPercent, Share, QUEUES),
        "answered_in_time ÷ (answered + abandoned − abandoned_short). What still waits, and what was redirected or lost, is not \
         in it. Nothing if the divisor is 0. In a quarter of an hour, or sliding over the last minutes in steps of 10 s.",
        "answered_in_time ÷ (answered + abandoned − abandoned_short). Was noch wartet, umgeleitet wurde oder verloren ging, ist \
         nicht darin. Leer, wenn der Teiler 0 ist. In einer Viertelstunde oder gleitend über die letzten Minuten in Schritten \
         von 10 s.",
    ),
    define(
        ("average_speed_of_answer", Milliseconds, Mean, QUEUES),
        "Mean wait of what was answered, from entering the queue until an agent took it, alerting included.",
        "Mittlere Wartezeit der beantworteten, vom Eintritt in die Schlange bis zur Übernahme, das Rufen eingeschlossen.",
    ),
    define(
        ("wait_percentile", Milliseconds, Percentile, QUEUES),
        "The wait within which so many percent of what was answered stayed; at most an eighth, or 125 ms, too high.",
        "Die Wartezeit, in der so viel Prozent der beantworteten blieben; höchstens um ein Achtel oder 125 ms zu hoch.",
    ),
    define(
        ("longest_wait", Milliseconds, Highest, QUEUES),
        "The longest wait of what was answered or abandoned.",
        "Die längste Wartezeit der beantworteten oder aufgegebenen.",
    ),
    define(
        ("average_abandoned_wait", Milliseconds, Mean, QUEUES),
        "Mean wait of what was abandoned, short ones included.",
        "Mittlere Wartezeit der aufgegebenen, kurze eingeschlossen.",
    ),
    define(
        ("handled", Count, Sum, ALL),
        "Interactions that left an agent's hands, by their end or by a transfer; counted when the after-contact work is over, if \
         any follows, in the queue from which they came.",
        "Interaktionen, die ein Agent beendet oder weitergeleitet hat; gezählt, wenn die Nachbearbeitung vorbei ist, falls eine \
         folgt, in der Schlange, aus der sie kamen.",
    ),
    define(
        ("handle_time", Milliseconds, Mean, ALL),
        "Mean time of what was handled, in hand and in after-contact work: (talk + after-contact) ÷ handled.",
        "Mittlere Zeit der bearbeiteten, in der Hand und in Nachbearbeitung: (Gespräch + Nachbearbeitung) ÷ handled.",
    ),
    define(
        ("after_contact_time", Milliseconds, Mean, ALL),
        "Mean time of after-contact work, of those interactions that it followed. Work that routing does not know of is not in it.",
        "Mittlere Zeit der Nachbearbeitung bei denen, die eine hatten. Arbeit, von der die Verteilung nichts weiß, ist nicht darin.",
    ),
    define(
        ("transferred_out", Count, Sum, ALL),
        "Transfers out of an agent's hands.",
        "Weiterleitungen aus der Hand eines Agenten.",
    ),
    define(
        ("estimate_error", Milliseconds, Mean, QUEUES),
        "Mean difference between the wait and the P50 of the estimate made when the visit began, of what was answered after waiting.",
        "Mittlere Abweichung der Wartezeit vom P50 der Schätzung zu Beginn des Aufenthalts, bei beantworteten, die warteten.",
    ),
    define(
        ("estimate_within_p90", HundredthsOfPercent, Share, QUEUES),
        "The share of these whose wait was at most the estimate's P90. Good estimates have 9,000.",
        "Der Anteil derer, deren Wartezeit höchstens das P90 der Schätzung war. Gute Schätzungen haben 9.000.",
    ),
    define(
        ("state_time", Milliseconds, Sum, AGENTS),
        "Time on queue by state: idle, interacting, communicating, not responding. Spread over the quarters of an hour in which \
         it was spent.",
        "Zeit in Bereitschaft nach Zustand: frei, beschäftigt, anderweitig beschäftigt, antwortet nicht. Verteilt auf die \
         Viertelstunden, in denen sie verbracht wurde.",
    ),
    define(
        ("occupancy", HundredthsOfPercent, Share, AGENTS),
        "Interacting ÷ (idle + interacting), by time.",
        "Beschäftigt ÷ (frei + beschäftigt), nach Zeit.",
    ),
];
