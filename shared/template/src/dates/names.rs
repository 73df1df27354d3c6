//! The words of dates in the languages that Segue knows. Other languages use English.
//!
//! To add a language, add a [`Names`] constant and an arm of [`names`].

use segue_model::calendar::{DAYS, MONTHS};

/// Months and days of one language. Weeks begin on Monday.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) months: [&'static str; 12],
    pub(super) short_months: [&'static str; 12],
    pub(super) days: [&'static str; 7],
    pub(super) short_days: [&'static str; 7],
    pub(super) halves: [&'static str; 2],
    /// The long name of UTC. Other zones have English names.
    pub(super) utc: &'static str,
    /// The patterns of the styles full, long, medium and short, in this order.
    pub(super) styles: [&'static str; 4],
}

const ENGLISH: Names = Names {
    months: MONTHS,
    short_months: ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
    days: DAYS,
    short_days: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    halves: ["AM", "PM"],
    utc: "Coordinated Universal Time",
    styles: [
        "EEEE, MMMM d, y 'at' h:mm:ss a zzzz",
        "MMMM d, y 'at' h:mm:ss a z",
        "MMM d, y, h:mm:ss a",
        "M/d/yy, h:mm a",
    ],
};

const FRENCH: Names = Names {
    months: [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
    short_months: [
        "janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.",
    ],
    days: ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"],
    short_days: ["lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim."],
    halves: ["AM", "PM"],
    utc: "temps universel coordonné",
    styles: [
        "EEEE d MMMM y 'à' HH:mm:ss zzzz",
        "d MMMM y 'à' HH:mm:ss z",
        "d MMM y, HH:mm:ss",
        "dd/MM/y HH:mm",
    ],
};

const GERMAN: Names = Names {
    months: [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ],
    short_months: [
        "Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez.",
    ],
    days: ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"],
    short_days: ["Mo.", "Di.", "Mi.", "Do.", "Fr.", "Sa.", "So."],
    halves: ["AM", "PM"],
    utc: "Koordinierte Weltzeit",
    styles: [
        "EEEE, d. MMMM y 'um' HH:mm:ss zzzz",
        "d. MMMM y 'um' HH:mm:ss z",
        "dd.MM.y, HH:mm:ss",
        "dd.MM.yy, HH:mm",
    ],
};

const SPANISH: Names = Names {
    months: [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
    short_months: ["ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sept", "oct", "nov", "dic"],
    days: ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"],
    short_days: ["lun", "mar", "mié", "jue", "vie", "sáb", "dom"],
    halves: ["a. m.", "p. m."],
    utc: "tiempo universal coordinado",
    styles: [
        "EEEE, d 'de' MMMM 'de' y, H:mm:ss (zzzz)",
        "d 'de' MMMM 'de' y, H:mm:ss z",
        "d MMM y, H:mm:ss",
        "d/M/yy, H:mm",
    ],
};

const ITALIAN: Names = Names {
    months: [
        "gennaio",
        "febbraio",
        "marzo",
        "aprile",
        "maggio",
        "giugno",
        "luglio",
        "agosto",
        "settembre",
        "ottobre",
        "novembre",
        "dicembre",
    ],
    short_months: ["gen", "feb", "mar", "apr", "mag", "giu", "lug", "ago", "set", "ott", "nov", "dic"],
    days: ["lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"],
    short_days: ["lun", "mar", "mer", "gio", "ven", "sab", "dom"],
    halves: ["AM", "PM"],
    utc: "Tempo coordinato universale",
    styles: ["EEEE d MMMM y HH:mm:ss zzzz", "d MMMM y HH:mm:ss z", "d MMM y, HH:mm:ss", "dd/MM/yy, HH:mm"],
};

const PORTUGUESE: Names = Names {
    months: [
        "janeiro",
        "fevereiro",
        "março",
        "abril",
        "maio",
        "junho",
        "julho",
        "agosto",
        "setembro",
        "outubro",
        "novembro",
        "dezembro",
    ],
    short_months: [
        "jan.", "fev.", "mar.", "abr.", "mai.", "jun.", "jul.", "ago.", "set.", "out.", "nov.", "dez.",
    ],
    days: [
        "segunda-feira",
        "terça-feira",
        "quarta-feira",
        "quinta-feira",
        "sexta-feira",
        "sábado",
        "domingo",
    ],
    short_days: ["seg.", "ter.", "qua.", "qui.", "sex.", "sáb.", "dom."],
    halves: ["AM", "PM"],
    utc: "Horário Universal Coordenado",
    styles: [
        "EEEE, d 'de' MMMM 'de' y HH:mm:ss zzzz",
        "d 'de' MMMM 'de' y HH:mm:ss z",
        "d 'de' MMM 'de' y HH:mm:ss",
        "dd/MM/y HH:mm",
    ],
};

const DUTCH: Names = Names {
    months: [
        "januari",
        "februari",
        "maart",
        "april",
        "mei",
        "juni",
        "juli",
        "augustus",
        "september",
        "oktober",
        "november",
        "december",
    ],
    short_months: ["jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec"],
    days: ["maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"],
    short_days: ["ma", "di", "wo", "do", "vr", "za", "zo"],
    halves: ["a.m.", "p.m."],
    utc: "gecoördineerde wereldtijd",
    styles: [
        "EEEE d MMMM y 'om' HH:mm:ss zzzz",
        "d MMMM y 'om' HH:mm:ss z",
        "d MMM y HH:mm:ss",
        "dd-MM-y HH:mm",
    ],
};

/// The words of a locale such as `fr`, `fr_FR` or `fr-FR`. English if the locale is unknown or `None`.
pub(super) fn names(locale: Option<&str>) -> &'static Names {
    let language = locale.and_then(|locale| locale.split(['_', '-']).next()).unwrap_or("en");
    match language {
        "fr" => &FRENCH,
        "de" => &GERMAN,
        "es" => &SPANISH,
        "it" => &ITALIAN,
        "pt" => &PORTUGUESE,
        "nl" => &DUTCH,
        _ => &ENGLISH,
    }
}

/// The long English name of a zone (`zzzz`). `short` is its short name at that time. `None` if the name is not known.
pub(super) fn long_zone(id: &str, short: &str) -> Option<&'static str> {
    Some(match short {
        "CST" if id.starts_with("Asia/") => "China Standard Time",
        "IST" if id == "Europe/Dublin" => "Irish Standard Time",
        "GMT" => "Greenwich Mean Time",
        "BST" => "British Summer Time",
        "WET" => "Western European Standard Time",
        "WEST" => "Western European Summer Time",
        "CET" => "Central European Standard Time",
        "CEST" => "Central European Summer Time",
        "EET" => "Eastern European Standard Time",
        "EEST" => "Eastern European Summer Time",
        "MSK" => "Moscow Standard Time",
        "EST" => "Eastern Standard Time",
        "EDT" => "Eastern Daylight Time",
        "CST" => "Central Standard Time",
        "CDT" => "Central Daylight Time",
        "MST" => "Mountain Standard Time",
        "MDT" => "Mountain Daylight Time",
        "PST" => "Pacific Standard Time",
        "PDT" => "Pacific Daylight Time",
        "JST" => "Japan Standard Time",
        "IST" => "India Standard Time",
        "AEST" => "Australian Eastern Standard Time",
        "KST" => "Korean Standard Time",
        "HKT" => "Hong Kong Standard Time",
        "HST" => "Hawaii-Aleutian Standard Time",
        "AKST" => "Alaska Standard Time",
        "AKDT" => "Alaska Daylight Time",
        "AST" => "Atlantic Standard Time",
        "ADT" => "Atlantic Daylight Time",
        "NST" => "Newfoundland Standard Time",
        "NDT" => "Newfoundland Daylight Time",
        "NZST" => "New Zealand Standard Time",
        "NZDT" => "New Zealand Daylight Time",
        "AWST" => "Australian Western Standard Time",
        "ACST" => "Australian Central Standard Time",
        "ACDT" => "Australian Central Daylight Time",
        "SAST" => "South Africa Standard Time",
        "AEDT" => "Australian Eastern Daylight Time",
        _ => return None,
    })
}
