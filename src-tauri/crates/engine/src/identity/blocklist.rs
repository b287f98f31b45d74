//! What guessers try first, told by rule: walks over the alphabet and the keyboard, well-known phrases, and few well-known
//! words with digits and signs around them. It catches habits; what has leaked is in `leaked`.

/// Rows that fingers walk along.
const ROWS: [&str; 9] = [
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "azertyuiop",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "!@#$%^&*()",
];

/// Phrases that everybody has read, letters only.
const PHRASES: [&str; 28] = [
    "correcthorsebatterystaple",
    "thequickbrownfox",
    "quickbrownfoxjumpsoverthelazydog",
    "tobeornottobe",
    "iloveyousomuch",
    "iloveyouforever",
    "maytheforcebewithyou",
    "onceuponatime",
    "twinkletwinklelittlestar",
    "happybirthdaytoyou",
    "openthisdoorplease",
    "opensesame",
    "inthebeginningwastheword",
    "ihaveadream",
    "theanswerisfortytwo",
    "winteriscoming",
    "livelongandprosper",
    "hakunamatata",
    "supercalifragilisticexpialidocious",
    "donttellanyone",
    "mysecretpassword",
    "thisismypassword",
    "thisisasecret",
    "thisisapassword",
    "nevergonnagiveyouup",
    "tryandguessthis",
    "youwillneverguess",
    "forgotmypassword",
];

/// Words out of which the commonest passwords are made, those of this product among them.
const WORDS: &str = "abc access account admin administrator adobe ai alexander amanda amazon andrea andrew angel anthony api \
apple april ashley august austin autumn azerty babygirl bailey banana barcelona baseball basketball batman beautiful berlin \
biteme blink blue boston brandon budget buster butterfly cameron changeit changeme charles charlie cheese chelsea chicago \
chocolate christmas claude coffee company computer console cookie cool corvette cowboy credential cricket crystal daddy dakota \
dallas daniel dave david december default demo diamond dog dolphin donald dragon eagle easter elephant eminem england \
enter facebook falcon family fender ferrari finance flower football forever france freedom friday friend gateway george \
ginger goat god golfer google guest guitar hannah happy harley heather hello hockey horse hottie house hunter ice iloveyou \
internet jackson jacob january jasmine jennifer jessica jesus jordan joseph joshua july june justin key killer king kitty \
knight laptop lauren ledger letmein liberty linkedin liverpool lol london login lord love lovely lover lucky madison maggie \
manager march marine marlboro martin master matrix matthew maverick max may melissa mercedes merlin metallica michael \
michelle microsoft mickey midnight monday money monkey monster morgan mother mustang my nascar nathan natasha newyork \
nicole ninja november number october office ok oliver openai operator orange owner packers pass passphrase passw password \
patrick peanut pepper phoenix player please pokemon police porsche princess private purple qazwsx qwert qwerty \
qwertz rabbit rachel raiders rainbow ranger reeve robert rock root samantha samsung samuel saturday scooter secret security \
september server shadow slayer smokey snoopy soccer sophie spider spring startrek starwars steelers stella steven summer \
sunday sunflower sunshine super superman superuser support sweet system taylor teacher temp tenant tennis test testing \
thomas thunder thursday tigger tiger toor toyota trust trustno tuesday turtle united user vanilla vault victoria viking \
vincent warrior washington wednesday welcome whatever william windows winner winter wizard work workspace yankees yellow you \
zaq";

/// Letters that must be left when well-known words are taken away.
const MIN_REST: usize = 6;
/// More different well-known words than this are a phrase of one's own.
const MAX_WORDS: usize = 2;

/// Whether at least two thirds of the steps in `plain` go to a neighbour in one of the rows.
pub(super) fn is_walk(plain: &str) -> bool {
    let chars: Vec<char> = plain.chars().collect();
    let neighbours = |a: char, b: char| {
        ROWS.iter().any(|row| {
            row.as_bytes().windows(2).any(|w| {
                let (x, y) = (char::from(w[0]), char::from(w[1]));
                (a, b) == (x, y) || (b, a) == (x, y)
            })
        })
    };
    let steps = chars.windows(2).filter(|w| neighbours(w[0], w[1])).count();
    chars.len() > 1 && steps * 3 >= (chars.len() - 1) * 2
}

/// Whether `plain` is a well-known phrase, or one or two well-known words and little else.
pub(super) fn is_common(plain: &str) -> bool {
    let spelled: String = plain.chars().filter_map(unmasked).collect();
    let letters: String = plain.chars().filter(|c| c.is_alphabetic()).collect();
    [spelled, letters].iter().any(|text| is_common_text(text))
}

fn is_common_text(text: &str) -> bool {
    let longest = PHRASES.iter().filter(|phrase| text.contains(**phrase)).map(|phrase| phrase.len()).max();
    if longest.is_some_and(|len| text.chars().count() < len + MIN_REST) {
        return true;
    }
    let (words, rest) = taken_apart(text);
    // Words of the product and of passwords themselves do not make a phrase of one's own, however many there are.
    let telling = words.iter().filter(|w| !is_hollow(w)).count();
    rest < MIN_REST && telling <= MAX_WORDS
}

/// The different well-known words in `text`, longest first at every place, and how many letters are left.
fn taken_apart(text: &str) -> (Vec<&str>, usize) {
    let (mut words, mut rest, mut at) = (Vec::new(), 0, 0);
    while at < text.len() {
        let tail = &text[at..];
        let word = WORDS.split_ascii_whitespace().filter(|w| tail.starts_with(w)).max_by_key(|w| w.len());
        match word {
            Some(word) => {
                if !words.contains(&word) {
                    words.push(word);
                }
                at += word.len();
            }
            None => {
                rest += 1;
                at += tail.chars().next().map_or(1, char::len_utf8);
            }
        }
    }
    (words, rest)
}

fn is_hollow(word: &str) -> bool {
    matches!(
        word,
        "admin"
            | "administrator"
            | "login"
            | "my"
            | "pass"
            | "passphrase"
            | "passw"
            | "password"
            | "reeve"
            | "root"
            | "secret"
            | "server"
            | "test"
            | "testing"
            | "user"
            | "vault"
            | "workspace"
            | "console"
            | "gateway"
            | "budget"
            | "tenant"
    )
}

/// The letter that a digit or sign stands for in disguise; `None` for what is only decoration.
fn unmasked(c: char) -> Option<char> {
    match c {
        '0' => Some('o'),
        '1' | '!' | '|' => Some('i'),
        '3' => Some('e'),
        '4' | '@' => Some('a'),
        '5' | '$' => Some('s'),
        '7' | '+' => Some('t'),
        c if c.is_alphabetic() => Some(c),
        _ => None,
    }
}
