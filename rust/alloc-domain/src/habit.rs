//! What payers choose when nothing names it: shapes of sets, as they were observed.

/// The shape of what a payment settled among the items that were open, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Habit {
    /// One item, the oldest.
    OldestItem,
    /// One item, not the oldest.
    OtherItem,
    /// Everything.
    Everything,
    /// Several of the oldest.
    OldestItems,
    /// Several of the latest.
    LatestItems,
    /// Several neighbours, neither the oldest nor the latest among them.
    Run,
    /// All but neighbours between others.
    AllButRun,
    /// The oldest, and later ones.
    OldestAndRun,
    /// The latest, and earlier ones.
    LatestAndRun,
    /// With four changes between paid and left.
    TwoRuns,
    /// A few items, with more changes than four.
    ScatteredFew,
    /// More items, with more changes than four.
    ScatteredMany,
    /// Items in part: no set of what was open made up the cash.
    InPart,
}

/// Most items that are a few.
pub const FEW_MAX: u32 = 8;

/// How many habits there are.
pub const HABITS: usize = Habit::ALL.len();

impl Habit {
    /// Every habit with its wire name.
    pub const ALL: [(&'static str, Self); 13] = [
        ("oldest_item", Self::OldestItem),
        ("other_item", Self::OtherItem),
        ("everything", Self::Everything),
        ("oldest_items", Self::OldestItems),
        ("latest_items", Self::LatestItems),
        ("run", Self::Run),
        ("all_but_run", Self::AllButRun),
        ("oldest_and_run", Self::OldestAndRun),
        ("latest_and_run", Self::LatestAndRun),
        ("two_runs", Self::TwoRuns),
        ("scattered_few", Self::ScatteredFew),
        ("scattered_many", Self::ScatteredMany),
        ("in_part", Self::InPart),
    ];

    /// The habit with this wire name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let known = Self::ALL.iter().find(|(known, _)| *known == name);
        known.map(|&(_, habit)| habit)
    }

    /// The wire name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].0
    }

    /// The fewest open items among which it can be told.
    #[must_use]
    pub fn least(self) -> usize {
        match self {
            Self::InPart => 1,
            Self::OldestItem | Self::OtherItem | Self::Everything => 2,
            Self::OldestItems | Self::LatestItems | Self::AllButRun => 3,
            Self::Run | Self::OldestAndRun | Self::LatestAndRun => 4,
            Self::TwoRuns => 5,
            Self::ScatteredFew => 6,
            Self::ScatteredMany => 2 * FEW_MAX as usize,
        }
    }

    /// The shape of the items that are `paid`, oldest first; none where nothing is.
    #[must_use]
    pub fn of(paid: &[bool]) -> Option<Self> {
        let taken = paid.iter().filter(|paid| **paid).count();
        let changes = paid.windows(2).filter(|pair| pair[0] != pair[1]).count();
        let oldest = *paid.first()?;
        Some(match (taken, changes, oldest) {
            (0, ..) => return None,
            (_, 0, _) => Self::Everything,
            (1, _, true) => Self::OldestItem,
            (1, ..) => Self::OtherItem,
            (_, 1, true) => Self::OldestItems,
            (_, 1, false) => Self::LatestItems,
            (_, 2, true) => Self::AllButRun,
            (_, 2, false) => Self::Run,
            (_, 3, true) => Self::OldestAndRun,
            (_, 3, false) => Self::LatestAndRun,
            (_, 4, _) => Self::TwoRuns,
            (few, ..) if few <= FEW_MAX as usize => Self::ScatteredFew,
            _ => Self::ScatteredMany,
        })
    }
}

/// What was observed of one habit of one payer, or of all payers of an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observed<'a> {
    /// The entity that was paid.
    pub entity: &'a str,
    /// The payer; none stands for all of them.
    pub customer_id: Option<&'a str>,
    /// The habit.
    pub habit: Habit,
    /// Where so many items were open, up to four times as many.
    pub open_from: i64,
    /// How many payments showed it.
    pub count: i64,
    /// How many payments there were.
    pub of: i64,
    /// How many would show it if the payer had no habits, thousandths.
    pub expected_milli: i64,
    /// The first and the last day of them, since 1970-01-01.
    pub days: (i32, i32),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_habit_is_told_by_what_is_paid_from_the_oldest_on() {
        let told = |line: &str| {
            let paid: Vec<bool> = line.chars().map(|mark| mark == 'x').collect();
            Habit::of(&paid).map(Habit::name)
        };
        for (line, habit) in [
            ("x....", "oldest_item"),
            ("..x..", "other_item"),
            ("xxxxx", "everything"),
            ("xxx..", "oldest_items"),
            ("...xx", "latest_items"),
            (".xx..", "run"),
            ("x..xx", "all_but_run"),
            ("x.xx.", "oldest_and_run"),
            (".xx.x", "latest_and_run"),
            (".x.x.", "two_runs"),
            ("x.x.x", "two_runs"),
            ("x.x.x.", "scattered_few"),
            ("x.x.x.x.x.x.x.x.x.", "scattered_many"),
        ] {
            assert_eq!(told(line), Some(habit), "{line}");
        }
        assert_eq!(told("..."), None);
        assert_eq!(told(""), None);
    }

    #[test]
    fn every_habit_has_its_name_and_its_place() {
        for (place, (name, habit)) in Habit::ALL.into_iter().enumerate() {
            assert_eq!((habit as usize, habit.name()), (place, name));
            assert_eq!(Habit::parse(name), Some(habit));
        }
    }
}
