"""What the people of the world are called, play and write: data only."""

from __future__ import annotations

# (id, name, igdb id)
CATEGORIES: tuple[tuple[str, str, str], ...] = (
    ("509658", "Just Chatting", ""),
    ("27471", "Minecraft", "121"),
    ("21779", "League of Legends", "115"),
    ("33214", "Fortnite", "1905"),
    ("516575", "VALORANT", "126459"),
    ("32399", "Counter-Strike", "241"),
    ("29595", "Dota 2", "2963"),
    ("511224", "Apex Legends", "114795"),
    ("512953", "Elden Ring", "119133"),
    ("490100", "Lost Ark", "26128"),
    ("18122", "World of Warcraft", "123"),
    ("29307", "Path of Exile", "1911"),
    ("30921", "Rocket League", "11198"),
    ("513143", "Teamfight Tactics", "123347"),
    ("115977", "The Witcher 3: Wild Hunt", "1942"),
    ("490744", "Stardew Valley", "17000"),
    ("491487", "Dead by Daylight", "18866"),
    ("509660", "Art", ""),
    ("26936", "Music", ""),
    ("509670", "Science & Technology", ""),
    ("1469308723", "Software and Game Development", ""),
    ("743", "Chess", "1941"),
    ("509667", "Food & Drink", ""),
    ("509659", "ASMR", ""),
    ("116747788", "Pools, Hot Tubs, and Beaches", ""),
    ("417752", "Talk Shows & Podcasts", ""),
    ("66082", "Games + Demos", ""),
    ("490147", "Hearthstone", "1279"),
    ("493057", "PUBG: BATTLEGROUNDS", "27789"),
    ("488552", "Overwatch 2", "125174"),
    ("138585", "Hades", "113112"),
    ("490422", "StarCraft II", "239"),
    ("11989", "StarCraft", "230"),
    ("504461", "Super Smash Bros. Ultimate", "90101"),
    ("509538", "Pokémon Legends: Arceus", "144054"),
    ("510218", "Among Us", "111469"),
    ("1745202732", "ゼルダの伝説", "119388"),
)
JUST_CHATTING = "509658"

# Titles that fit some categories; {name} is the streamer, {game} the category, {n} a number.
TITLES: tuple[str, ...] = (
    "First playthrough, no spoilers please | !discord",
    "{game} until my hands fall off",
    "day {n} of {game} | road to top {n}",
    "🔴 LIVE: {game} with viewers! come hang out",
    "cozy {game} evening ☕ lurkers welcome",
    "Ranked grind. {n} LP to go",
    "speedrun attempts, PB {n}:14",
    "hardcore, one life, attempt {n}",
    "chill stream, tea and {game}",
    "DROPS ON | {game} | !commands !socials",
    "subathon day {n} 🎉 the timer never stops",
    "learning {game} from zero",
    "we are so back",
    "it's fine. everything is fine. {game}",
    "Late night {game} 🌙 quiet mode",
    "{name} plays {game} for the first time",
    "tournament practice, chat in slow mode",
    "Coaching session: send your replays",
    "no mic today, keyboard sounds only ⌨️",
    "100% completion, {n}% done",
    "Community night! !queue to join",
    "THE FINAL BOSS (attempt {n})",
    "early bird stream ☀️ coffee first",
    "charity stream for the animal shelter 🐾 goal {n}0 €",
    "just one more run",
    "Wir spielen {game} heute mit Zuschauern",
    "¡Directo! {game} con la comunidad",
    "{game} en français, bonne humeur obligatoire 🥐",
    "雑談しながら{game}",
    "초보 {game} 같이 해요",
    "{game}: играем спокойно",
    "لعبة {game} مع الأصدقاء",
    "𝔪𝔢𝔡𝔦𝔢𝔳𝔞𝔩 night 👨‍👩‍👧‍👦 {game}",
    "",
)
ART_TITLES: tuple[str, ...] = (
    "painting your pets 🎨 commissions open",
    "lo-fi & watercolours",
    "piano requests, type !song",
    "building a synth from scratch",
    "writing a compiler in public, part {n}",
    "soldering all night",
    "what even is a monad (chat explains)",
    "baking sourdough, day {n} 🍞",
)

TAGS: tuple[str, ...] = (
    "English", "Chill", "Speedrun", "FirstPlaythrough", "LGBTQIAPlus", "Cozy", "Educational",
    "Competitive", "NoSpoilers", "BackseatingAllowed", "VTuber", "Deutsch", "Español", "日本語",
)  # fmt: skip
LABELS: tuple[str, ...] = (
    "DebatedSocialIssuesAndPolitics", "MatureGame", "ProfanityVulgarity", "ViolentGraphic",
)  # fmt: skip
LANGUAGES: tuple[tuple[str, float], ...] = (
    ("en", 10), ("de", 2), ("es", 2), ("fr", 2), ("pt", 1), ("ja", 1), ("ko", 1), ("ru", 1),
)  # fmt: skip

FIRST_WORDS: tuple[str, ...] = (
    "amber", "arctic", "bold", "brave", "cosmic", "crimson", "dizzy", "dusty", "electric",
    "frosty", "gentle", "golden", "grumpy", "happy", "hidden", "hollow", "icy", "jolly",
    "lazy", "lucky", "lunar", "mellow", "mighty", "misty", "neon", "noisy", "nova", "paper",
    "pixel", "polar", "quiet", "rapid", "retro", "royal", "rusty", "salty", "shady", "silver",
    "sleepy", "sly", "solar", "spicy", "stormy", "sunny", "tiny", "turbo", "velvet", "vivid",
    "wild", "witty", "zen", "zesty",
)  # fmt: skip
SECOND_WORDS: tuple[str, ...] = (
    "badger", "bandit", "beacon", "biscuit", "breeze", "cactus", "comet", "coyote", "cricket",
    "daisy", "dragon", "ember", "falcon", "ferret", "fox", "gecko", "ghost", "goblin", "heron",
    "hornet", "iris", "jackal", "kettle", "kiwi", "koala", "lantern", "lemur", "lynx", "mango",
    "marble", "meadow", "moose", "nomad", "ocelot", "olive", "otter", "owl", "panda", "pepper",
    "pigeon", "puffin", "quokka", "raven", "robin", "rocket", "saffron", "sloth", "sparrow",
    "tiger", "toast", "turnip", "viper", "walnut", "willow", "wombat", "yeti",
)  # fmt: skip
ENDINGS: tuple[tuple[str, float], ...] = (
    ("", 8), ("tv", 2), ("live", 1), ("_plays", 1), ("gg", 1), ("{n}", 3), ("_", 1), ("hd", 1),
)  # fmt: skip
NON_LATIN_NAMES: tuple[str, ...] = (
    "さくらゲームス", "夜ふかし猫", "김하늘", "바람돌이", "Алёна", "Тихий_Омут", "小龍包",
    "深海魚", "ملكة_الألعاب", "נועה", "Ελένη", "ไก่ทอด", "ゆきだるま", "달빛", "Ночной Дозор",
)  # fmt: skip
DESCRIPTIONS: tuple[str, ...] = (
    "Variety streamer. Be kind.",
    "I play {game} and burn dinner.",
    "Weekday evenings, weekends when the cat allows it. 🐈",
    "Speedruns, mostly of things nobody asked for.",
    "Former pro, current amateur.",
    "she/her · 28 · cosy games and bad puns",
    "Business: nope.",
    "Streaming since 2014. Still no idea what this button does.",
    "Deutsch/English. {game}, Musik, Quatsch.",
    "",
)

# Those who can log in: (id, login, name, email, description, title, category id, language,
# streams?). An empty e-mail means that Twitch has no verified one.
Login = tuple[str, str, str, str, str, str, str, str, bool]
CAST: tuple[Login, ...] = (
    ("700000001", "ada_streams", "Ada_Streams", "ada@example.com",
     "Runs a StreamWatch for her friends.", "Reading your pull requests live",
     "1469308723", "en", True),
    ("700000002", "bob_watches", "Bob_Watches", "bob@example.com",
     "Never streams, always watches.", "", "", "en", False),
    ("700000003", "carla_plays", "CarlaPlays", "shared@example.com",
     "Shares an inbox with dan_plays.", "couch co-op night 🛋️", "27471", "en", True),
    ("700000004", "dan_plays", "DanPlays", "shared@example.com",
     "Shares an inbox with carla_plays.", "couch co-op night, other couch", "27471", "en", True),
    ("700000005", "eve_no_mail", "Eve_No_Mail", "",
     "Never confirmed her address.", "who needs mail anyway", "509658", "en", True),
    ("700000006", "hana_games", "はなゲームス", "hana@example.com",
     "ゲームと雑談。", "雑談しながらゼルダ", "1745202732", "ja", True),
    ("700000007", "emoji_emil", "Emoji_Emil", "emil@example.com",
     "😀😃😄", "🎉🔥 road to 1k 👨‍👩‍👧‍👦 𝔼𝕞𝕚𝕝 🏳️‍🌈", "33214", "de", True),
    ("700000008", "tag_tina", "Tag_Tina", "tina@example.com",
     "<script>alert('hi')</script> is how I say hi.", '<b>bold</b> & "quotes"',
     "1469308723", "en", True),
    ("700000009", "rami_rtl", "رامي_يلعب", "rami@example.com",
     "ألعاب كل مساء.", "مرحبا بالجميع - بث مباشر", "509658", "ar", True),
    ("700000010", "grace_mods", "GraceMods", "grace@example.com",
     "Moderator of ada_streams and hana_games.", "modding, knitting, chatting", "509658", "en",
     True),
    ("700000011", "frank_follows", "Frank_Follows", "frank@example.com",
     "Follows more channels than fit on one page.", "following along", "509658", "en", True),
    ("700000012", "zoe_quiet", "zoe_quiet", "zoe@example.com",
     "Follows nobody, is followed by nobody.", "", "743", "en", True),
    ("700000013", "max_long_name_of_25_chars", "Max_Long_Name_Of_25_Chars", "max@example.com",
     "As long as a login can be.",
     "A title as long as titles can be, which is one hundred and forty characters, and so this "
     "one goes on and on until it has used up every one", "509670", "en", True),
)  # fmt: skip
MODERATES: tuple[tuple[str, str], ...] = (
    ("ada_streams", "grace_mods"),
    ("hana_games", "grace_mods"),
)
# How many channels each of the cast follows at the beginning; 25 unless named here.
FOLLOWS_AT_FIRST = {"frank_follows": 250, "zoe_quiet": 0, "bob_watches": 60}
FOLLOWERS_AT_FIRST = {"zoe_quiet": 0, "ada_streams": 120}
