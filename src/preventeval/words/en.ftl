## What was decided when the design was made

note-always-treated = { $count ->
    [one] { $count } unit was already in the programme in the first period and is left out: { $units }.
   *[other] { $count } units were already in the programme in the first period and are left out: { $units }.
}
note-starts-after-end = { $count ->
    [one] { $count } unit starts only after the last period ({ $last }) and counts as untreated: { $units }.
   *[other] { $count } units start only after the last period ({ $last }) and count as untreated: { $units }.
}
note-no-data = { $count ->
    [one] { $count } unit has no usable value in any period and is left out: { $units }.
   *[other] { $count } units have no usable value in any period and are left out: { $units }.
}
note-last-cohort-compares = Every unit is treated in the end. The last to start ({ $start }) serve as the comparison group, and periods from { $cut } on are left out.
note-missing-cells = { $count ->
    [one] { $count } of { $total } unit-periods has no value. It stays missing; it is not counted as zero.
   *[other] { $count } of { $total } unit-periods have no value. They stay missing; they are not counted as zero.
}
note-starts-between = { $count ->
    [one] { $count } unit starts between two periods of the table and counts as treated from the later one: { $units }.
   *[other] { $count } units start between two periods of the table and count as treated from the later one: { $units }.
}
note-missing-exposure = { $count ->
    [one] { $count } unit-period of { $n_units } unit has an outcome but no exposure, and so no rate. It stays missing: { $units }.
   *[other] { $count } unit-periods of { $n_units ->
        [one] { $n_units } unit
       *[other] { $n_units } units
    } have an outcome but no exposure, and so no rate. They stay missing: { $units }.
}
note-missing-covariates = { $count ->
    [one] { $count } unit-period of { $n_units } unit has an outcome but no value of { $columns }. Methods that use covariates leave it out: { $units }.
   *[other] { $count } unit-periods of { $n_units ->
        [one] { $n_units } unit
       *[other] { $n_units } units
    } have an outcome but not every covariate ({ $columns }). Methods that use covariates leave them out: { $units }.
}
note-measure-chosen = The outcome '{ $outcome }' is analysed as { $measure ->
    [count] the number of incidents
    [rate] incidents per { $per } of exposure
   *[other] { $measure }
}, because its values are whole numbers{ $measure ->
    [rate] { " " }and an exposure is given
   *[other] {""}
}.
note-measure-counts = The outcome '{ $outcome }' is analysed as numbers of incidents, each set against the exposure of its unit and period.
note-zero-as-never = { $count ->
    [one] 0 in column '{ $column }' means never treated ({ $count } unit).
   *[other] 0 in column '{ $column }' means never treated ({ $count } units).
}

## An effect with its interval and scale, to stand within a sentence

effect-without-interval = { $scale ->
    [percent] { NUMBER($value, minimumFractionDigits: 1) } per cent (how far off this may be is not known)
   *[other] { $value } (how far off this may be is not known)
}
effect-with-interval = { $scale ->
    [percent] { NUMBER($value, minimumFractionDigits: 1) } per cent ({ NUMBER($low, minimumFractionDigits: 1) } to { NUMBER($high, minimumFractionDigits: 1) })
    [rate_ratio] a ratio of { $value } ({ $low } to { $high })
    [incidents] { $value } incidents per unit and period ({ $low } to { $high })
    [averted] { $value } incidents averted ({ $low } to { $high })
    [rate] { $value } { $value ->
        [1] incident
        [-1] incident
       *[other] incidents
    } per { $per } ({ $low } to { $high })
    [log_points] { $value } log points ({ $low } to { $high })
    [log_rate_ratio] { $value } on the log scale ({ $low } to { $high })
   *[value] { $value } ({ $low } to { $high })
}

## How far a start is moved, to stand within a sentence

moved-by = { $frequency ->
    [year] { $moved ->
        [one] { $moved } year
       *[other] { $moved } years
    }
    [quarter] { $moved ->
        [one] { $moved } quarter
       *[other] { $moved } quarters
    }
    [month] { $moved ->
        [one] { $moved } month
       *[other] { $moved } months
    }
    [week] { $moved ->
        [one] { $moved } week
       *[other] { $moved } weeks
    }
    [day] { $moved ->
        [one] { $moved } day
       *[other] { $moved } days
    }
   *[integer] { $moved ->
        [one] { $moved } period
       *[other] { $moved } periods
    }
}
one-period-moved = { $frequency ->
    [year] one year
    [quarter] one quarter
    [month] one month
    [week] one week
    [day] one day
   *[integer] one period
} { $direction ->
    [later] later
   *[earlier] earlier
}

## What each check asks, and what it found

question-pre-trends = Did treated and comparison areas move alike before the programme?
question-placebo-in-time = Does the method find an effect at a time when there was no programme?
question-leave-one-out = Does the answer hang on a single area?
question-start-date = Does the answer hang on how the start of the programme is dated?
question-two-way-weights = Can a two-way fixed-effects regression be trusted here?

finding-could-not-run = This check could not run: { $reason }.
pre-trends-left-out = { $left_out ->
    [0] {""}
    [one] { $left_out } effect further back, or of too few areas, is shown but not tested.{" "}
   *[other] { $left_out } effects further back, or of too few areas, are shown but not tested.{" "}
}
finding-pre-trends-alike = Before the start, treated and comparison areas moved alike as far as the data can tell ({ $count ->
    [one] { $count } earlier effect, tested
   *[other] { $count } earlier effects, tested jointly
}). { pre-trends-left-out }How large a drift this test could have missed is not known.
finding-pre-trends-drift = Treated and comparison areas already moved apart before the start ({ $count ->
    [one] { $count } earlier effect, tested
   *[other] { $count } earlier effects, tested jointly
}). { pre-trends-left-out }Part of what is seen afterwards may be this drift.
finding-pre-trends-too-little = There are too few areas or too few periods before the start to test whether areas moved alike ({ $count ->
    [one] { $count } earlier effect
   *[other] { $count } earlier effects
}).
finding-pre-trends-again = { $finding } The effects before the start come from a second fit of the same method, with such effects in it.
finding-placebo-in-time-clear = With starts pretended { moved-by } too early, before there was any programme, the method finds no clear effect, as it should: { $effect }.
finding-placebo-in-time-effect = With starts pretended { moved-by } too early, the method finds an effect although there was no programme: { $effect }. What it finds later may not be the programme's doing either.
finding-leave-one-out-stable = Leaving out each of { $count } areas in turn does not change the answer: it stays between { $low } and { $high }.
finding-leave-one-out-hangs = The answer changes when { $changed ->
    [one] one area is
   *[other] any one of { $changed } areas is
} left out ({ $units }): it then lies between { $low } and { $high }.
finding-no-interval = There are too few treated areas to say how far off this check may be: { $effect }.
finding-too-few = Fewer than four areas, or groups of areas, had the programme: that is too few for an answer, and so for one that could change.
finding-leave-one-out-none = Without any one of { $count } areas there is no estimate at all.
finding-too-slow = This check was not run: { $count } refits would take about { $minutes } minutes.
finding-leave-one-out-many = With { $count } areas no single one can carry the result; this check was not needed.
finding-start-date-stable = Dating every start { one-period-moved } does not change the answer: { $effect } in place of { $original }.
finding-start-date-hangs = The answer hangs on how the start is dated. With every start { one-period-moved } it is { $effect } in place of { $original }.
finding-two-way-negative = { $negative ->
    [0] none of { $cells } treated area-periods counts with a negative weight
    [one] { $negative } of { $cells } treated area-periods counts with a negative weight (in sum { $sum } per cent)
   *[other] { $negative } of { $cells } treated area-periods count with a negative weight (in sum { $sum } per cent)
}
finding-two-way-parts = { $complete ->
    [yes] { $later ->
        [0] less than 1
       *[other] { $later }
    } per cent of its weight rests on comparisons with areas that were already in the programme, and { finding-two-way-negative }
   *[no] { finding-two-way-negative }
}
finding-two-way-other = { $own ->
    [yes] {""}
   *[no] {" "}This estimate comes from another method and does not rest on that regression.
}
finding-two-way-weights-mixes = A two-way fixed-effects regression should not be trusted here: { finding-two-way-parts }. If effects differ between starts and periods with a standard deviation of { $spread } ({ label-scale-name }) or more, their true average may be zero or have the opposite sign.{ finding-two-way-other }
finding-two-way-weights-clean = { $starts ->
    [one] All starts are in one period, so a two-way fixed-effects regression makes no comparison with areas that were already in the programme, and { finding-two-way-negative }.
   *[other] A two-way fixed-effects regression mixes little here: { finding-two-way-parts }.
}{ finding-two-way-other }

## Why the certainty is what it is

reason-not-randomised = Nobody was drawn by lot. The areas may have differed in ways that the data do not show.
reason-interval-clear = The likely range lies on one side of zero.
reason-no-interval = How far off the number may be cannot be said.
reason-interval-both = The likely range holds both a fall and a rise.
reason-check-supports = { $count ->
    [0] No check supports the answer.
   *[other] Checks that support the answer: { $count }.
}
reason-pre-trends = Treated and comparison areas already moved apart before the start.
reason-placebo-in-time = The method finds an effect at a time when there was no programme.
reason-leave-one-out = The answer changes when a single area is left out.
reason-two-way-weights = The method compares with areas that were already in the programme.
reason-few-treated = { $count ->
    [one] Only one area or group of areas was treated. With one alone, the likely range is often too narrow.
   *[other] Only { $count } areas or groups of areas were treated. With so few, the likely range is often too narrow.
}
reason-too-few-treated = { $count ->
    [one] Only one area or group of areas was treated: chance in that one place cannot be told from the programme.
   *[other] Only { $count } areas or groups of areas were treated: chance in these few places cannot be told from the programme.
}
reason-not-checked = Neither the test before the start nor the placebo gave an answer.
reason-methods-disagree = Another method gives a clear answer in the opposite direction: { $methods }.
reason-gate = A computation did not pass its own check: { $methods }.

## What an estimator decided

note-in-group = Group { $group }: { $note }
note-group-left-out = Group { $group } has no effect and is left out: { $reason }.
note-groups-drawn-apart = Groups were fitted one by one, and their draws are put together at random: what groups might share is not learnt, and they count as independent of each other.
note-lone-comparison = A single area or group of areas is all that there is to compare with. How much it moves by itself cannot be told, so that there is no likely range.
note-anticipated-after-end = { $count ->
    [one] { $count } unit starts soon after the last period, so that it may already have changed in anticipation: those periods of it are left out.
   *[other] { $count } units start soon after the last period, so that they may already have changed in anticipation: those periods of them are left out.
}
note-lone-cohorts = { $count ->
    [one] One cohort consists of a single unit or cluster ({ $cohorts }). The range of its own effect leaves out how much it varies by itself, and is too narrow.
   *[other] { $count } cohorts consist of a single unit or cluster each ({ $cohorts }). The ranges of their own effects leave out how much these vary by themselves, and are too narrow.
}
note-cells-left-out = { $count ->
    [one] { $count } effect could not be estimated, because there is no earlier period or no one to compare with: cohort { $cells }.
   *[other] { $count } effects could not be estimated, because there is no earlier period or no one to compare with: cohort { $cells }.
}
note-imputation-units = { $count ->
    [one] { $count } treated unit has no usable value before the programme, so that nothing can be imputed for it. It is left out: { $units }.
   *[other] { $count } treated units have no usable value before the programme, so that nothing can be imputed for them. They are left out: { $units }.
}
note-imputation-leads = { $count ->
    [one] { $count } effect before the start cannot be told apart from unit and period effects, or rests on no incident, and is left out: event time { $times }.
   *[other] { $count } effects before the start cannot be told apart from unit and period effects, or rest on no incident, and are left out: event times { $times }.
}
note-cells-separated = { $count ->
    [one] { $count } effect could not be estimated, because the covariates ({ $covariates }) tell some treated from all comparison units, so that no one is left to compare them with: cohort { $cells }.
   *[other] { $count } effects could not be estimated, because the covariates ({ $covariates }) tell some treated from all comparison units, so that no one is left to compare them with: cohort { $cells }.
}
note-cells-collinear = { $count ->
    [one] { $count } effect could not be estimated, because a covariate ({ $covariates }) is the same for all units of one side, or follows from the other covariates: cohort { $cells }.
   *[other] { $count } effects could not be estimated, because a covariate ({ $covariates }) is the same for all units of one side, or follows from the other covariates: cohort { $cells }.
}
note-cells-too-few = { $count ->
    [one] { $count } effect could not be estimated, because there are too few units to adjust for the covariates ({ $covariates }): cohort { $cells }.
   *[other] { $count } effects could not be estimated, because there are too few units to adjust for the covariates ({ $covariates }): cohort { $cells }.
}
note-rows-lost = { $count ->
    [one] { $count } effect leaves out units that are not observed, with their covariates, in both of the periods that it compares: cohort { $cell } loses { $most } of { $rows } unit-periods.
   *[other] { $count } effects leave out units that are not observed, with their covariates, in both of the periods that they compare. The most, { $most } of { $rows } unit-periods, are lost by cohort { $cell }.
}
note-twfe-mixes = Starts differ ({ $cohorts } of them). Two-way fixed effects then also compares later starters with units that are already in the programme, and its average can lie outside the range of the true effects. The check 'two_way_weights' says how much that matters here.
note-twfe-comparison = Two-way fixed effects compares with every unit and period that it is given, whatever comparison the design names.
note-twfe-absorbed = Covariates that do not vary over time within a unit are taken up by the unit effects: { $covariates }.
note-twfe-anticipation = { $count ->
    [one] { $count } unit-period just before a start, in which behaviour may already have changed, is left out.
   *[other] { $count } unit-periods just before a start, in which behaviour may already have changed, are left out.
}
note-twfe-single = { $count ->
    [one] { $count } unit is observed only once and is left out: { $units }.
   *[other] { $count } units are observed only once and are left out: { $units }.
}
note-twfe-window = Event times before { $first } and after { $last } are pooled into those two.
note-two-way-repaired = Clustering by units and by periods gave some combination of effects a negative variance. It was set to 0, and standard errors may be too small; clusters are too few for it.
note-sunab-comparison = The interaction-weighted regression compares with units that are never treated (or, where all are, with those that start last), not with units that start later.
note-counts-silent-units = { $count ->
    [one] { $count } unit is left out because not one incident was counted in it: { $named }. It says nothing about a ratio.
   *[other] { $count } units are left out because not one incident was counted in them: { $named }. They say nothing about a ratio.
}
note-counts-silent-periods = { $count ->
    [one] { $count } period is left out because not one incident was counted in it: { $named }.
   *[other] { $count } periods are left out because not one incident was counted in them: { $named }.
}
note-counts-silent-times = { $count ->
    [one] { $count } event time is left out because not one incident was counted in it: { $named }. The logarithm of its effect would be minus infinity.
   *[other] { $count } event times are left out because not one incident was counted in them: { $named }. The logarithms of their effects would be minus infinity.
}
note-counts-empty-cells = { $count ->
    [one] In { $count } cell not one incident was counted, where { $expected } were expected: cohort { $cells }. It has no ratio of its own, but it counts in the incidents averted and in the ratio of the total.
   *[other] In { $count } cells not one incident was counted, where { $expected } were expected: cohort { $cells }. They have no ratios of their own, but they count in the incidents averted and in the ratio of the total.
}
note-counts-empty-left-out = { $count ->
    [one] { $count } effect could not be estimated, because not one incident was counted in it: cohort { $cells }. The average is one over the rest, which makes falls look smaller than they are, and can turn them into rises.
   *[other] { $count } effects could not be estimated, because not one incident was counted in them: cohort { $cells }. The average is one over the rest, which makes falls look smaller than they are, and can turn them into rises.
}
note-counts-uncompared-cells = { $count ->
    [one] { $count } effect could not be estimated, because not one incident was counted in what it would be compared with: cohort { $cells }.
   *[other] { $count } effects could not be estimated, because not one incident was counted in what they would be compared with: cohort { $cells }.
}
note-counts-zeros = { $share } per cent of all numbers of incidents are 0. Larger areas or longer periods would lose little and make the estimate steadier.
note-counts-dominated = { $share } per cent of the incidents in the { $units } treated units were counted in { $unit }, which decides the ratio almost by itself.
note-counts-negative-binomial = The negative binomial regression needs its variance to be right, and with an effect for every unit it is biased where periods are few. A Poisson regression with clustered standard errors needs neither.
note-counts-one-effect = The ratio of a cohort in a period is taken to be the same whatever the covariates of a unit. Where the programme works differently along a covariate, the effect and above all the incidents averted are biased: compare with covariates = "full", or with ImputationDiD for counts.
note-no-exposure = { $count ->
    [one] { $count } unit-period has a number of incidents but no exposure, and is left out.
   *[other] { $count } unit-periods have a number of incidents but no exposure, and are left out.
}

## What the hierarchical model decided

note-hierarchical-anticipation = { $count ->
    [one] { $count } unit-period just before a start, in which behaviour may already have changed, is left out.
   *[other] { $count } unit-periods just before a start, in which behaviour may already have changed, are left out.
}
note-hierarchical-no-exposure = { $count ->
    [one] { $count } unit-period has a number of incidents but no exposure, and is left out.
   *[other] { $count } unit-periods have a number of incidents but no exposure, and are left out.
}
note-hierarchical-comparison = The hierarchical model learns what all units share from every untreated unit-period, those of units that start later among them, whatever comparison the design names.
note-hierarchical-no-weights = The hierarchical model does not use the sampling weights.
note-hierarchical-no-covariates = The hierarchical model does not use the covariates.
note-hierarchical-no-clusters = The hierarchical model does not use the clusters: units of one cluster count as independent of each other, given what all units share.
note-hierarchical-one-treated = Only one unit is treated. How much effects differ between units cannot be learnt from it, and what is said of one more unit rests on the prior.
note-hierarchical-unseen-after = { $count ->
    [one] { $count } unit has no value after its start, and no effect of its own: { $units }.
   *[other] { $count } units have no value after their start, and no effect of their own: { $units }.
}
note-hierarchical-unseen-before = { $count ->
    [one] { $count } unit has no value before its start; what is said of its effect rests on the other units: { $units }.
   *[other] { $count } units have no value before their start; what is said of their effects rests on the other units: { $units }.
}
note-hierarchical-all-treated = { $count ->
    [one] In { $count } period every unit that is observed is in the programme; there, effects are taken to be the same as in the other periods.
   *[other] In { $count } periods every unit that is observed is in the programme; there, effects are taken to be the same as in the other periods.
}
note-hierarchical-gate = A check of the computation is { $verdict }: { $name ->
    [r_hat] the chains differ (R-hat { $value }, at most { $limit } is wanted)
    [ess_bulk] there are few independent draws ({ $value } in the bulk, at least { $limit } are wanted)
    [ess_tail] there are few independent draws ({ $value } in the tails, at least { $limit } are wanted)
   *[divergences] { $value } draws diverged ({ $limit } are wanted)
}. More draws may help.

## What became of the records on their way to counts

intake-totals = { $source }: { $read } rows read, { $counted } counted, { $lost } not counted.
intake-rows = { $count ->
    [one] { $count } row
   *[other] { $count } rows
}
intake-file-read = { $file } was read as { $encoding } text with columns separated by { $separator }.
intake-encoding-assumed = { $file } is not in UTF-8 and was read as { $encoding }: look whether names with accents came out right.
intake-date-empty = { intake-rows } could not be counted: column '{ $column }' is empty there.
intake-date-unreadable = { intake-rows } could not be counted: the date in column '{ $column }' cannot be read ({ $examples }).
intake-date-order-doubtful = With day and month swapped, { intake-rows } whose date cannot be read would be readable ({ $examples }): check that date_format='{ $date_format }' has them in the right order.
intake-date-zoned = In { intake-rows } the time carries a time zone: the date was taken as it is written there, without conversion to another zone.
intake-dates-far-apart = A few dates lie far from all others (first { $first }, last { $last }, 98 in 100 between { $usual_first } and { $usual_last }): placeholder dates such as 1900-01-01 would look like this. Give the recorded window to leave them out.
intake-unit-empty = { intake-rows } could not be counted: column '{ $column }' does not say which unit.
intake-unit-unknown = { intake-rows } could not be counted: the unit in column '{ $column }' is not in the list of units ({ $examples }).
intake-units-not-listed = The units are those that occur in the records: a unit without any incident would be missing. Give units= to list them all.
intake-units-alike = Some units differ only in capitals or spaces ({ $examples }) and are counted as different units.
intake-units-without-incidents = Without any counted incident: { $n_units } of { $n_listed } units ({ $examples }). Check that their names are spelt as in the records.
intake-offence-empty = { intake-rows } could not be counted: column '{ $column }' does not say which offence.
intake-offence-unmapped = { intake-rows } could not be counted: their value in column '{ $column }' belongs to no outcome ({ $examples }).
intake-offence-absent = No row has { $examples } in column '{ $column }'.
intake-outside-window = { intake-rows } could not be counted: the date lies outside the window over which recording is known to be complete.
intake-units-without-window = Without a window in recorded=: { $n_units } of the units ({ $examples }). All their counts are missing.
intake-windows-of-unknown-units = Named in recorded= but not in the list of units: { $examples }.
intake-partial-period = Only partly inside the recorded window and left missing: { $n_cells } unit-periods ({ $examples }); { intake-rows } with a date there could not be counted.
intake-outside-cells = Outside the recorded window and left missing: { $n_cells } of { $n_all_cells } unit-periods.
intake-recording-unknown = Left missing: { $n_cells } of { $n_all_cells } counts, those without an incident, because nothing says that recording was complete. If it was, give recorded=('{ $first }', '{ $last }') and they become zero. Without it, the first and the last { $freq } may also be covered only in part.
intake-duplicate = { intake-rows } could not be counted: another row has the same '{ $column }' ({ $examples }), and the earliest was counted.
intake-duplicate-conflict = In { intake-rows } of the repeated ones, the unit, period or offence differs from the row that was counted.
intake-identifier-empty = In { intake-rows } column '{ $column }' is empty: each was counted as an incident of its own.

## Pages: numbers, dates and direction of writing

page-direction = ltr
number = { $value }
date = { $day } { $month } { $year }
period-month = { $month } { $year }
period-quarter = quarter { $quarter } of { $year }
period-week = the week of { $date }
period-integer = period { $number }
month-name = { $number ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
}
programme-unnamed = the programme
place-unnamed = the areas studied

## The answer in one sentence: a fixed verb for each direction and certainty

question = Did { $programme } change { $outcome } in { $place }?
headline-fall-high = In { $place }, { $programme } reduced { $outcome }.
headline-fall-moderate = In { $place }, { $programme } probably reduced { $outcome }.
headline-fall-low = In { $place }, { $programme } may have reduced { $outcome }.
headline-fall-very-low = The evidence is very uncertain about the effect of { $programme } on { $outcome } in { $place }. As far as it goes, it points to a fall.
headline-rise-high = In { $place }, { $outcome } rose because of { $programme }.
headline-rise-moderate = In { $place }, { $outcome } probably rose because of { $programme }.
headline-rise-low = In { $place }, { $outcome } may have risen because of { $programme }.
headline-rise-very-low = The evidence is very uncertain about the effect of { $programme } on { $outcome } in { $place }. As far as it goes, it points to a rise.
headline-unclear = There is no clear sign that { $programme } changed { $outcome } in { $place }.
headline-too-few = Too few { $of ->
    [areas] areas ({ $count })
   *[groups] groups of areas ({ $count })
} had the programme to tell whether { $programme } changed { $outcome } in { $place }.
headline-gate = No answer can be given yet about { $outcome } in { $place }: the computation did not pass its own check.
headline-failed = No answer can be given about { $outcome } in { $place }: the method could not make an estimate ({ $reason }).
direction-unwanted = { $direction ->
    [fall] This is not the direction that was wanted: the aim was a rise.
   *[rise] This is not the direction that was wanted: the aim was a fall.
}
direction-wanted-rise = A rise is what was wanted here.
others-unwanted-rise = { $outcomes } may also have risen, which was not wanted.
others-unwanted-fall = { $outcomes } may also have fallen, which was not wanted.

## The same answer in a table

answer-fall-high = Fell
answer-fall-moderate = Probably fell
answer-fall-low = May have fallen
answer-fall-very-low = Very uncertain; points to a fall
answer-rise-high = Rose
answer-rise-moderate = Probably rose
answer-rise-low = May have risen
answer-rise-very-low = Very uncertain; points to a rise
answer-unclear = No clear sign of change
answer-too-few = Too few areas to tell
answer-gate = No answer: the computation did not pass its own check
answer-failed = No answer: the method could not make an estimate
answer-wanted = { $answer } (wanted)
answer-unwanted = { $answer } (not wanted)

## When no direction is clear

unclear-count = This is not the same as “no effect”. Anything from about { $low } fewer to about { $high } more { $outcome } than expected fits the data.
unclear-percent = This is not the same as “no effect”. Anything from about { $low } per cent lower to about { $high } per cent higher than expected fits the data.
unclear-share = This is not the same as “no effect”. Anything from about { $low } per cent fewer to about { $high } per cent more than expected fits the data.
unclear-value = This is not the same as “no effect”. Of { $outcome }, anything from about { $low } lower to about { $high } higher than expected fits the data.
unclear-plain = This is not the same as “no effect”: the data leave room for both a fall and a rise.

## The number, with its interval

number-count-below = About { $size } fewer { $outcome } than expected from { $since } to { $until } (likely between { $nearer } and { $farther } fewer).
number-count-above = About { $size } more { $outcome } than expected from { $since } to { $until } (likely between { $nearer } and { $farther } more).
number-count-across = About { $size } { $side ->
    [fewer] fewer
   *[more] more
} { $outcome } than expected from { $since } to { $until } (likely between { $low } fewer and { $high } more).
number-count-even = From { $since } to { $until }, about as many { $outcome } as expected (likely between { $low } fewer and { $high } more).
number-count-point = About { $size } { $side ->
    [fewer] fewer
   *[more] more
} { $outcome } than expected from { $since } to { $until }. How far off this number may be is not known.
number-percent-below = In the average area, { $outcome } were about { $size } per cent lower than expected (likely between { $nearer } and { $farther } per cent lower).
number-percent-above = In the average area, { $outcome } were about { $size } per cent higher than expected (likely between { $nearer } and { $farther } per cent higher).
number-percent-across = In the average area, { $outcome } were about { $size } per cent { $side ->
    [fewer] lower
   *[more] higher
} than expected (likely between { $low } per cent lower and { $high } per cent higher).
number-percent-even = In the average area, { $outcome } were about as high as expected (likely between { $low } per cent lower and { $high } per cent higher).
number-percent-point = In the average area, { $outcome } were about { $size } per cent { $side ->
    [fewer] lower
   *[more] higher
} than expected. How far off this number may be is not known.
number-share-below = That is about { $size } per cent fewer { $outcome } than expected (likely between { $nearer } and { $farther } per cent fewer).
number-share-above = That is about { $size } per cent more { $outcome } than expected (likely between { $nearer } and { $farther } per cent more).
number-share-across = That is about { $size } per cent { $side ->
    [fewer] fewer
   *[more] more
} { $outcome } than expected (likely between { $low } per cent fewer and { $high } per cent more).
number-share-even = In per cent, that is about as many { $outcome } as expected (likely between { $low } per cent fewer and { $high } per cent more).
number-share-point = That is about { $size } per cent { $side ->
    [fewer] fewer
   *[more] more
} { $outcome } than expected. How far off this number may be is not known.
number-value-below = On average, { $outcome } were about { $size } lower than expected (likely between { $nearer } and { $farther } lower).
number-value-above = On average, { $outcome } were about { $size } higher than expected (likely between { $nearer } and { $farther } higher).
number-value-across = On average, { $outcome } were about { $size } { $side ->
    [fewer] lower
   *[more] higher
} than expected (likely between { $low } lower and { $high } higher).
number-value-even = On average, { $outcome } were about as high as expected (likely between { $low } lower and { $high } higher).
number-value-point = On average, { $outcome } were about { $size } { $side ->
    [fewer] lower
   *[more] higher
} than expected. How far off this number may be is not known.
outcome-per-incidents = { $outcome } per area and { period-noun }
outcome-per-rate = { $outcome } per { $per } of exposure and { period-noun }
period-noun = { $frequency ->
    [year] year
    [quarter] quarter
    [month] month
    [week] week
    [day] day
   *[integer] period
}
number-rate-per = Rates are per { $per } of exposure (residents, for example) in each period.
number-none = There is no number to give.
amount-count = { $side ->
    [fewer] { $size } fewer
   *[more] { $size } more
}
amount-percent = { $side ->
    [fewer] { $size } per cent lower
   *[more] { $size } per cent higher
}
amount-share = { $side ->
    [fewer] { $size } per cent fewer
   *[more] { $size } per cent more
}
amount-value = { $side ->
    [fewer] { $size } lower
   *[more] { $size } higher
}
amount-range = { $value } ({ $low } to { $high })
small-base = Fewer than 30 { $outcome } were expected, so no percentages are given: with numbers this small they mislead.
count-and-percent-differ = The average area and the total are different questions, and here only one of them has a clear answer: in the average, every area and period counts the same; in the total, areas with many incidents count for more.
count-and-share-differ = The ranges of the number and of the per cent are computed in two ways, and here only one of them lies on one side of zero: this is a borderline case. The answer goes by the per cent.
observed-and-expected = Recorded: { $observed }. Expected without the programme: about { $expected }.
likely-confidence = “Likely between” gives the { $level } per cent confidence interval: out of 100 studies like this one, about { $level } would give a range that holds the true number.
likely-credible = “Likely between” gives the { $level } per cent credible interval: if the model is right, the chances are { $level } in 100 that the true number lies in this range.
probability = { $direction ->
    [rise] If the model is right, the chances that { $outcome } rose are { $size ->
        [below] less than 1
        [above] more than 99
       *[within] about { $chance }
    } in 100.
   *[fall] If the model is right, the chances that { $outcome } fell are { $size ->
        [below] less than 1
        [above] more than 99
       *[within] about { $chance }
    } in 100.
}

## Subgroups that were named before there were results

subgroup-list = { $first }; { $rest }
subgroup-unit = { $kind ->
    [percent] { " " }per cent lower
    [share] { " " }per cent fewer
    [count] { " " }fewer
   *[value] { " " }lower
}
subgroup-unit-above = { $kind ->
    [percent] { " " }per cent higher
    [share] { " " }per cent more
    [count] { " " }more
   *[value] { " " }higher
}
subgroup-below = { $group }, about { $size }{ subgroup-unit } (likely { $nearer } to { $farther })
subgroup-above = { $group }, about { $size }{ subgroup-unit-above } (likely { $nearer } to { $farther })
subgroup-across = { $group }, about { $size }{ $side ->
    [fewer] { subgroup-unit }
   *[more] { subgroup-unit-above }
} (likely between { $low }{ subgroup-unit } and { $high }{ subgroup-unit-above })
subgroup-even = { $group }, about as expected (likely between { $low }{ subgroup-unit } and { $high }{ subgroup-unit-above })
subgroup-point = { $group }, about { $size }{ $side ->
    [fewer] { subgroup-unit }
   *[more] { subgroup-unit-above }
} (how far off this may be is not known)
subgroup-none = { $group }, no number can be given
subgroup-few-areas = { $group }, too few areas to say
subgroup-sentence = By { $column }, { $outcome } compared with what was expected: { $groups }. { subgroup-differ }
subgroup-sentence-none = By { $column }, no number can be given for any group.
subgroup-differ = { $differ ->
    [yes] The effect differs between these groups by more than chance would explain; why it does is another question.
    [unclear] Whether the effect differs between these groups cannot be told from these data.
   *[unknown] Whether the effect differs between these groups could not be tested.
}
subgroup-tested = A joint test that the effect is the same in all groups gives a p-value { $size ->
    [below] below 0.001
   *[within] of { $p }
}. { subgroup-differ }
subgroup-untested = { subgroup-differ } The reason: { $reason }.
subgroup-few = { $groups }: fewer than four treated clusters. The intervals there leave out most of the variation between areas, and say little.
subgroup-apart = Each group was estimated by itself: its treated units against its own comparison units. That one group’s interval leaves out zero and another’s does not, does not show that they differ.

## Several outcomes

family-sentence = With { $count } outcomes, some may seem to change by chance. An adjusted p-value allows for that: the chance of even one false finding among the { $count } stays below the level that it is held against. { $method ->
    [romano_wolf] The method is that of Romano and Wolf, which uses how the outcomes go together.
   *[holm] The method is that of Holm.
} The primary outcome was named before, and its own answer does not need the adjustment.

## What the answer hangs on

hinge-start-date = This hangs on how the start of the programme is dated: with every start { one-period-moved }, { $outcome } would be { $effect }, not { $original }.
hinge-start-date-plain = This hangs on how the start of the programme is dated: with another date the answer changes.
hinge-leave-one-out = { $changed ->
    [one] This hangs on a single area: leaving out { $units } changes the answer.
   *[other] This hangs on single areas: leaving out any one of { $changed } areas changes the answer ({ $units }).
}
hinge-leave-one-out-plain = This hangs on single areas: leaving one out changes the answer.
hinge-pre-trends = This hangs on treated and comparison areas moving alike, and they already moved apart before the programme.
hinge-placebo-in-time = This hangs on the method, which also finds an effect at a time when there was no programme.
certainty-name = { $certainty ->
    [high] high
    [moderate] moderate
    [low] low
   *[very_low] very low
}
certainty-meaning = { $certainty ->
    [high] We are very confident that the true change is close to this answer.
    [moderate] The true change is probably close to this answer, but it may be quite different.
    [low] The true change may be very different from this answer.
   *[very_low] The true change is likely to be very different from this answer.
}
certainty-meaning-unclear = { $certainty ->
    [high] We are very confident that the true change lies within the likely range.
    [moderate] The true change probably lies within the likely range.
    [low] The true change may lie outside the likely range.
   *[very_low] The true change may lie far outside the likely range.
}
certainty-meaning-unknown = How large the true change is cannot be told from these data.
raise-computation = A computation that passes its own checks. The technical report says which did not.
raise-start-date = A record of the exact date on which the programme began in each area.
raise-pre-trends = Comparison areas that moved like the programme’s areas before it began.
raise-placebo-in-time = A method that finds nothing at times when there was no programme.
raise-two-way-weights = A method that does not compare with areas that were already in the programme.
raise-leave-one-out = More areas, so that no single one can carry the answer.
raise-few-treated = More areas with the programme.
raise-small-base = More time or more areas: so few incidents can hardly show a change.
raise-narrower = More areas or more time, for a narrower range.
raise-by-lot = Drawing by lot which areas start first, where that is possible.

## What we can say and what we cannot

can-compare = How { $outcome } developed in { $treated ->
    [one] the one area
   *[other] the { $treated } areas
} with the programme was compared with areas without it.
can-compare-last = How { $outcome } developed in { $treated ->
    [one] the one area
   *[other] the { $treated } areas
} that started earlier was compared with { $comparison ->
    [one] the one area
   *[other] the { $comparison } areas
} that started last, as long as { $comparison ->
    [one] it
   *[other] they
} had not started.
can-direction = { $certainty ->
    [high] In these areas, { $outcome } were { $direction ->
        [fall] lower
       *[rise] higher
    } than they would have been without the programme.
    [moderate] In these areas, { $outcome } were probably { $direction ->
        [fall] lower
       *[rise] higher
    } than they would have been without the programme.
   *[low] The data point to { $direction ->
        [fall] a fall
       *[rise] a rise
    } in { $outcome }, though the evidence is weak.
}
can-limits = A fall or a rise in { $outcome } that lies outside the likely range does not fit the data.
can-checks = { $run ->
    [one] The one check that could be run supports the answer.
   *[other] { $passed } of the { $run } checks that could be run { $passed ->
        [one] supports
       *[other] support
    } the answer.
}
can-checks-unclear = { $run ->
    [one] The one check that could be run found no problem.
   *[other] { $passed } of { $run } checks that could be run found no problem.
}
can-methods = { $run ->
    [one] Another method, tried beside the main one, is clear in the same direction.
   *[other] { $run } other methods, tried beside the main one, are clear in the same direction.
}
can-methods-some = { $clear } of { $run } other methods, tried beside the main one, { $clear ->
    [one] is
   *[other] are
} clear in the same direction; { $unsure ->
    [one] the other one is
   *[other] the other { $unsure } are
} too uncertain to say.
can-methods-none = { $run ->
    [one] Another method, tried beside the main one, is too uncertain to say.
   *[other] { $run } other methods, tried beside the main one, are too uncertain to say.
}
can-repeat = Anyone who has the data can repeat this and get the same numbers.
cannot-start-date = Whether the answer would stand if the starts were dated differently.
cannot-leave-one-out = Whether the answer would stand without one particular area.
cannot-pre-trends = How much of the change was under way before the programme.
cannot-placebo-in-time = How much of the change the method would have found without any programme.
cannot-check = What the check would show that could not run: “{ $question }”
cannot-recorded = Whether crime itself changed, or how much of it is reported and recorded.
cannot-single-area = What the programme did in any one area: the answer is an average.
cannot-single-area-pooled = What the programme did in any one area: the answer is one number for all areas together.
cannot-reason = Why the change came about.
cannot-reason-unclear = Whether the programme does too little or the data are too few to show it.
cannot-elsewhere = Whether the same would happen in another place or at another time.
cannot-number = How large the change was.
cannot-unestimated = What the programme did in { $count } of its { $total } area-periods: no effect could be estimated there, and the total leaves them out.

## What next, and who made this

next-unwanted = Before the programme goes on or grows, find out why { $outcome } moved in a direction that was not wanted.
next-wanted = Go on recording in the same way, so that the next look can tell whether the change lasts.
next-weak = Go on recording in the same way, so that the next look can tell with more certainty whether { $outcome } changed.
next-unclear = Do not take this as proof for or against the programme. Go on recording in the same way; more time may bring a clear answer.
next-too-few = Do not take this as proof for or against the programme. Go on recording in the same way; it takes more areas with the programme, and not only more time, for an answer.
next-refused = Do not use any number from this evaluation until the computation has been put right.
next-look = We look again: { $when }.
next-look-none = No date has been set for looking again.
not-studied = Not studied here: whether incidents moved to nearby areas or fell there too; { $groups ->
    [yes] women and girls, and other groups, unless they are named above
   *[no] women and girls, and other groups
}; what the programme cost.
colophon-who = Made by { $author }
colophon-funder = Paid for by { $funder }
colophon-contact = Contact: { $contact }
colophon-data = Data: { $source }
colophon-version = preventeval { $version }, { $date }
colophon-fingerprint = Fingerprint of the data: { $fingerprint }
colophon-technical = Methods, checks and all numbers are in the technical report.
short-design = { $treated } of { $units } areas had the programme; { $first } to { $last }.{ $named ->
    [yes] { " " }An area is what the data call “{ $unit }”.
   *[no] { "" }
}
short-design-last = All { $units } areas had the programme in the end. { $treated } of them are studied; the { $comparison } that started last serve as the comparison, and periods from their start on are left out. What is studied runs from { $first } to { $last }.{ $named ->
    [yes] { " " }An area is what the data call “{ $unit }”.
   *[no] { "" }
}

## Computations that did not pass their own check

gate-failed-main = { $method } did not pass the check of its own computation: there is no answer about { $outcome }.
gate-failed-beside = { $method }, tried on { $outcome } beside the main method, did not pass the check of its own computation. The answer does not rest on it.

## Headings and labels of the brief

brief-title = { $programme }: evaluation brief
brief-kicker = Evaluation brief
brief-skip = Skip to the answer
brief-answer = The answer
brief-number = The number
brief-chart = What happened, and what was expected
brief-secondary = Other outcomes
brief-secondary-table = Answers about the other outcomes
brief-secondary-note = These outcomes are secondary: they were not the main question, and with several outcomes some will seem to change by chance.
brief-secondary-note-average = The total and the average area are different questions: in the total, areas with many incidents weigh more.
brief-subgroups = For whom
brief-can-and-cannot = What we can say and what we cannot
brief-can = What we can say
brief-cannot = What we cannot say
brief-cautions = Cautions from those who made this
brief-sure = How sure are we?
brief-certainty = Certainty: { $name }.
brief-why = Why
brief-raise = What would make us surer
brief-next = What next
brief-about = About this brief
brief-numbers-behind = The numbers behind the chart
label-outcome = Outcome
label-answer = Answer
label-incidents-range = Incidents (likely range)
label-share-range = Per cent (likely range)
label-percent-range = Average area (likely range)
label-value-range = Average (likely range)
label-period = Period
label-observed = Recorded
label-observed-mean = Observed
label-expected = Expected without the programme
label-likely = Likely between
label-range = { $low } to { $high }

## Charts

chart-observed-title-incidents = Recorded and expected { $outcome }, all areas with the programme together
chart-observed-title-mean = Observed and expected { $outcome }, average of the areas with the programme
chart-observed-desc = Line chart from { $first } to { $last }. In { $last }, the last period, { $observed } were recorded and about { $expected } were expected without the programme. Starts are marked.
chart-observed-desc-plain = Line chart from { $first } to { $last }: recorded values beside those expected without the programme. Starts are marked.
chart-scroll = The chart is wider than this screen: move it sideways to see all of it.
chart-starts = Starts (number of areas)
chart-gaps = Not every area was observed in every period: each point is the average of those that were.
chart-bars-title = Recorded and expected { $outcome } in the areas and periods of the programme
chart-bars-desc = Recorded: { $observed }. Expected without the programme: about { $expected }.
chart-bars-desc-range = Recorded: { $observed }. Expected without the programme: about { $expected }, likely between { $low } and { $high }.
chart-event-title = Effect on { $outcome } by time since the start
chart-event-desc = Dots are effects with their intervals; the shaded band covers all of them at once. Hollow dots rest on fewer than five treated areas, or are set to zero: their intervals say less. Before the start (left of the line) effects should be close to zero. The last effect shown is { $value }.
chart-event-x = Periods since the start of the programme
chart-forest-title = Effect on { $outcome }: the same question answered by several methods
chart-forest-desc = { $count ->
    [one] One estimate with its interval
   *[other] { $count } estimates with their intervals
}, one below the other; the line marks no change.
chart-scale = { $scale ->
    [percent] Change in per cent
    [incidents] Incidents more or fewer
    [rate] Change in incidents per { $per }
    [rate_ratio] Ratio of observed to expected
    [log_points] Change in log points
    [log_rate_ratio] Change on the log scale
   *[value] Change in the outcome’s own unit
}
chart-range = ({ $low } to { $high })
chart-moved = { $method }, starts { one-period-moved }
chart-no-change = no change

## Charts in notebooks

plot-before = Before the start{ $against ->
    [none] { "" }
    [each] , period to period
    [earlier] , against earlier
   *[other] , against event time { $against }
}
plot-after = After the start
plot-hollow = Fewer than five areas, or set to zero
plot-lone = Of one area: the interval is too narrow
plot-cohort-title = Start in { $start } ({ $count ->
    [one] one area
   *[other] { $count } areas
})
plot-averted-title = Running total averted: { $outcome }
plot-averted-y = Incidents averted since the start
plot-running-total = Averted so far
plot-comparisons-title = What the two-way fixed-effects coefficient is made of
plot-comparisons-x = Weight of the comparison, in per cent
plot-comparisons-y = Effect in the comparison ({ $scale ->
    [incidents] incidents
    [rate] change in the rate
    [log_points] log points
   *[value] the outcome’s own unit
})
plot-comparisons-legend = Comparison (and its share of the weight in per cent)
plot-comparisons-kind = { $kind } ({ $share })
plot-comparisons-whole = all together: the coefficient

## What was compared, and on what it rests

design-compared = { $comparison ->
    [last_treated] { $treated } of { $units } units are studied; the others start last and are compared with.
   *[other] { $treated ->
        [one] One of { $units } units had the programme.
       *[other] { $treated } of { $units } units had the programme.
    }
} { $named ->
    [yes] A unit is what the data call “{ $unit }”.{ " " }
   *[no] { "" }
}The data run from { $first } to { $last }: { $periods } periods, { $cells } unit-periods in the programme.
design-starts = { $kinds ->
    [one] Every start was in { $first }.
   *[other] Starts were staggered: the first in { $first }, the last in { $last }.
}
design-never-treated = The comparison group is the { $count ->
    [one] one unit
   *[other] { $count } units
} without the programme in any period of the data.
design-not-yet-treated = In each period, the comparison group is every unit that had not started by then, among them { $count ->
    [0] none that never started
    [one] one that never started
   *[other] { $count } that never started
}.
design-last-treated = Every unit starts in the end. The comparison group is the { $count ->
    [one] one unit
   *[other] { $count } units
} that started last, in the periods before they did; later periods are left out.
design-anticipation = Effects are allowed to begin { $count ->
    [one] one period
   *[other] { $count } periods
} before the start.
design-clusters = Units that share a { $cluster } are taken to be alike: how sure we are rests on { $count } such groups.
design-clusters-unit = How sure we are rests on { $count } units that are taken to be independent of each other.
design-covariates = The comparison takes account of: { $names }.
design-weighted = Units are weighted as the data say.
estimand-percent = The average change in { $outcome } in per cent of what they would have been without the programme.
estimand-percent-total = The change in all { $outcome } of the units and periods in the programme together, in per cent of what there would have been without it: units with many incidents count for more. Where effects are shown by start or by time, each is of all its incidents together.
estimand-incidents = The average difference in { $outcome } per unit and period between what was recorded and what would have been recorded without the programme.
estimand-rate = The average difference in { $outcome } per { $per } of exposure between what was recorded and what would have been recorded without the programme.
estimand-value = The average difference in { $outcome } between what was observed and what would have been observed without the programme.
estimand-weights = It is an average over the units and periods in the programme; every treated unit-period weighs the same{ $weighted ->
    [yes] , apart from the weights given in the data
   *[no] { "" }
}.
estimand-total = The total of incidents adds up the change in every treated unit-period, so units with many incidents count for more in it than in the average.
estimand-unestimated = In { $count } of { $total } treated unit-periods no effect could be estimated (nobody was left to compare with, or, with methods for counts, nothing was counted): the total leaves them out.
assume-parallel = { $measure ->
    [count] Without the programme, counts in both groups would have changed by the same number of incidents.
    [rate] Without the programme, rates in both groups would have changed by the same amount.
    [value] Without the programme, the outcome would have changed by the same amount in both groups.
   *[log] Without the programme, both groups would have changed by the same per cent.
}
assume-parallel-covariates = This needs to hold only among units that are alike in: { $names }.
assume-anticipation = { $count ->
    [0] Nothing changed because of the programme before it started.
    [one] Nothing changed because of the programme earlier than one period before it started.
   *[other] Nothing changed because of the programme earlier than { $count } periods before it started.
}
assume-spillover = The programme did not change the outcome in the comparison group, for example by moving incidents there.
assume-recording = The way in which incidents are reported and recorded did not change with the programme.
assume-model = For the model-based methods: the model of the counts is right, and units are alike enough to learn from each other.
data-cells = { $cells } unit-periods, { $missing ->
    [0] none of them missing
    [one] one of them missing
   *[other] { $missing } of them missing
}.

## Headings and labels of the technical report

technical-title = { $programme }: technical report
technical-kicker = Technical report
technical-contents = Contents
technical-summary = Summary
technical-design = Design
technical-starts = Starts of the programme
technical-estimand = What is estimated
technical-assumptions = What has to be true for the number to be the programme’s doing
technical-data = Data
technical-outcome = { $role ->
    [primary] Primary outcome: { $outcome }
   *[secondary] Secondary outcome: { $outcome }
}
table-methods = Effects, in brackets their intervals
technical-methods = Every method side by side
technical-event = Effects by time since the start
technical-cohort = Effects by start
technical-units = Effects by unit
technical-subgroups = Groups of units
technical-by-group = Effects by { $column }
technical-family = Several outcomes
technical-family-table = p-values of the outcomes
technical-checks = Checks
technical-checks-none = No checks were run on this outcome.
technical-gates = Checks of the computation itself
technical-notes = What the methods decided
technical-options = Options and diagnostics
technical-reproduce = How to repeat this
technical-references = References
technical-spec = The specification, as it was read
technical-decisions = What was decided on the way
technical-failed = No estimate: { $reason }
technical-hidden = These numbers did not pass the check of their own computation. They are shown for diagnosis only.
technical-skip = Skip to the summary
label-method = Method
label-kind-of-interval = Interval
label-effect = Effect
label-interval = { $level } per cent { $kind ->
    [credible] credible
   *[confidence] confidence
} interval
label-band = Simultaneous band
label-percent = Change in per cent
label-change = Incidents, more (+) or fewer (−)
label-scale = Scale
label-scale-name = { $scale ->
    [percent] per cent
    [incidents] incidents
    [rate] incidents per { $per }
    [rate_ratio] rate ratio
    [log_points] log points
    [log_rate_ratio] log rate ratio
    [averted] incidents averted
   *[value] the outcome’s own unit
}
summary-scale = { $scale ->
    [rate] incidents per { $per } of exposure
   *[other] { label-scale-name }
}
label-column = { $column ->
    [event_time] Periods since the start
    [treated_units] Treated units
    [estimate] Effect
    [std_error] Standard error
    [conf_low] Interval from
    [conf_high] Interval to
    [scale] Scale
    [left_out] Left out
    [starts_moved_by] Starts moved by (periods)
    [treated] Treated
    [compared_with] Compared with
    [kind] Comparison
    [weight] Weight
    [cohort] Start
    [period] Period
    [unit_periods] Unit-periods
    [share] Share of unit-periods
    [statistic] Test statistic
    [df] Degrees of freedom
    [p_value] p-value
    [tested] Tested
    [term] Effect of
    [conf_level] Level
    [interval_kind] Kind of interval
    [method] Method
   *[other] { $column }
}
label-yes-no = { $answer ->
    [True] yes
   *[False] no
}
label-option-value = { $value ->
    [True] yes
    [False] no
    [None] not set
   *[other] { $value }
}
check-note-pre-trends = Two tests are made, the joint one and one of the mean. Each is held at half of the 5 per cent: the answer is weakened where either p-value is below 0.025.
label-event-time = Periods since the start
label-start = Start
label-unit = Unit
label-units = Units
label-count = Number
label-group = Group
label-treated-units = Treated units
label-comparison-units = Never treated units
label-p-value = p-value
label-p-below = below 0.001
label-p-adjusted = Adjusted p-value
label-verdict = Verdict
label-verdict-name = { $verdict ->
    [supports] Supports the answer
    [weakens] Weakens the answer
    [not_informative] Not informative
   *[could_not_run] Could not run
}
label-reference = set to zero
technical-few-units = Hollow dots rest on fewer than five treated areas: their intervals leave out most of the variation between areas, and are too narrow.
label-units-behind = Treated units
label-gate = Check
label-gate-verdict = { $verdict ->
    [green] passed
    [amber] borderline
   *[red] failed
}
label-value = Value
label-limit = Limit
label-option = Option
label-diagnostic = Diagnostic
label-package = Package
label-version = Version
label-seed = Seed
label-command = Command
label-fingerprint = Fingerprint (SHA-256)
label-source = Source
label-kind = Kind
label-name = Name
table-caption = { $what }: { $method }, { $scale }
technical-software = Software
technical-numbers = Show the numbers
