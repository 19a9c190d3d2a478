//! Words that name services and stages and are one letter apart from others of them.

/// In alphabetical order.
const WORDS: &[&str] = &[
    "action", "adapter", "addition", "adopter", "angel", "angels", "angle", "angles", "auction", "audition", "backing", "baker",
    "bakers", "baking", "banker", "bankers", "banking", "banner", "banning", "barking", "barter", "batcher", "batter", "better",
    "bidder", "binder", "blinder", "bundle", "bungle", "butcher", "butter", "caching", "carts", "caster", "casting", "casual",
    "catching", "causal", "center", "centre", "change", "charge", "charting", "charts", "chats", "chatting", "cleaning", "clearing",
    "cluster", "clutter", "coaching", "coaster", "coasting", "coating", "coding", "coming", "command", "commend", "commute", "compiler",
    "complaint", "compliant", "complier", "compute", "concert", "consent", "contact", "contacts", "content", "contest", "context",
    "contract", "contracts", "contrast", "convert", "costing", "counter", "country", "county", "courier", "courser", "courter",
    "cutter", "dairy", "dealing", "desert", "dessert", "detection", "detention", "device", "devise", "dialing", "diary", "diner",
    "dinner", "diver", "divers", "driver", "drivers", "expanse", "expense", "expert", "export", "failing", "falling", "falter",
    "faster", "feeder", "fender", "filing", "fillers", "filling", "filter", "filters", "finder", "fixing", "forms", "forums", "gliding",
    "guiding", "hoisting", "hosting", "impart", "import", "indent", "insert", "intent", "invert", "landing", "later", "latter",
    "leader", "leaders", "leading", "leasing", "leaving", "ledger", "lender", "lending", "letter", "licence", "license", "liner",
    "linter", "lister", "litter", "loader", "loaders", "loading", "lodger", "lodging", "logger", "logging", "maker", "makers",
    "manager", "mapper", "marital", "marker", "markers", "martial", "massage", "massages", "massing", "master", "meeting",
    "melting", "mender", "message", "messages", "milling", "minder", "miner", "mining", "minster", "minting", "missing", "mister",
    "mixing", "monster", "mopper", "mulling", "muster", "pacing", "packer", "packet", "packing", "painter", "parking", "parser",
    "parsing", "passer", "passing", "pasting", "picker", "picket", "placing", "planer", "planet", "planner", "plant", "planter",
    "platter", "player", "plotter", "pocket", "pointer", "points", "poller", "polling", "pooling", "portal", "porter", "porting",
    "portion", "postal", "poster", "posting", "potion", "practice", "practise", "prayer", "price", "prices", "prince", "princes",
    "printer", "prints", "projection", "protection", "puller", "pulling", "racker", "racket", "rafting", "ranker", "raster", "rating",
    "reaction", "reader", "redaction", "relay", "render", "replay", "report", "resolver", "resort", "revolver", "rocket", "rooster",
    "rooting", "roster", "rotter", "router", "routing", "sampler", "sander", "scanning", "scraper", "scrapper", "sealing", "search",
    "seeder", "seeding", "seller", "selling", "sender", "sending", "server", "setter", "setting", "shader", "shaper",
    "sharder", "sharper", "shipped", "shipper", "shippers", "shipping", "shopped", "shopper", "shoppers", "shopping", "signer",
    "signing", "simpler", "singer", "singing", "sitter", "sitting", "sorting", "spanning", "speller", "spelling", "spender", "sporting",
    "stacker", "starch", "stared", "staring", "started", "steam", "steams", "stocker", "stores", "stories", "storing", "stream",
    "streams", "string", "tailing", "tasting", "tester", "testing", "texter", "texting", "thread", "threads", "ticker", "tickler",
    "tracer", "tracers", "tracing", "tracker", "trackers", "tracking", "trader", "traders", "trading", "trail", "trailing", "trails",
    "training", "tread", "treads", "trial", "trials", "trucking", "united", "unload", "untied", "upload", "waiter", "waiting", "waiver",
    "warden", "warren", "winner", "winter", "writer", "writing",
];
/// What names of services end in.
const ENDINGS: [&str; 4] = ["services", "service", "server", "api"];

/// Whether both are such words, whatever they end in (`shippingservice`).
pub(super) fn both(a: &[char], b: &[char]) -> bool {
    is_word(a) && is_word(b)
}

fn is_word(word: &[char]) -> bool {
    let word: String = word.iter().collect();
    let stem = ENDINGS.iter().find_map(|ending| word.strip_suffix(ending)).unwrap_or(&word);
    [word.as_str(), stem].iter().any(|word| WORDS.binary_search(word).is_ok())
}
