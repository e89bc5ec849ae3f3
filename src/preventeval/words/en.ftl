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
note-measure-chosen = The outcome '{ $outcome }' is analysed as { $measure ->
    [count] the number of incidents
    [rate] incidents per { $per } of exposure
   *[other] { $measure }
}, because its values are whole numbers{ $measure ->
    [rate] { " " }and an exposure is given
   *[other] {""}
}.
note-zero-as-never = 0 in column '{ $column }' means never treated ({ $count } units).

## An effect with its interval and scale, to stand within a sentence

effect-with-interval = { $scale ->
    [percent] { NUMBER($value, minimumFractionDigits: 1) } per cent ({ NUMBER($low, minimumFractionDigits: 1) } to { NUMBER($high, minimumFractionDigits: 1) })
    [rate_ratio] a ratio of { $value } ({ $low } to { $high })
    [incidents] { $value } incidents per unit and period ({ $low } to { $high })
    [averted] { $value } incidents averted ({ $low } to { $high })
    [rate] { $value } incidents per { $per } ({ $low } to { $high })
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

finding-could-not-run = This check could not run: { $reason }.
finding-pre-trends-alike = Before the start, treated and comparison areas moved alike as far as the data can tell ({ $count ->
    [one] { $count } earlier effect, tested
   *[other] { $count } earlier effects, tested jointly
}). How large a drift this test could have missed is not known.
finding-pre-trends-drift = Treated and comparison areas already moved apart before the start ({ $count ->
    [one] { $count } earlier effect, tested
   *[other] { $count } earlier effects, tested jointly
}). Part of what is seen afterwards may be this drift.
finding-pre-trends-too-little = There are too few areas or too few periods before the start to test whether areas moved alike ({ $count ->
    [one] { $count } earlier effect
   *[other] { $count } earlier effects
}).
finding-placebo-in-time-clear = With starts pretended { moved-by } too early, before there was any programme, the method finds no clear effect, as it should: { $effect }.
finding-placebo-in-time-effect = With starts pretended { moved-by } too early, the method finds an effect although there was no programme: { $effect }. What it finds later may not be the programme's doing either.
finding-leave-one-out-stable = Leaving out each of { $count } areas in turn does not change the answer: it stays between { $low } and { $high }.
finding-leave-one-out-hangs = The answer changes when { $changed ->
    [one] one area is
   *[other] any one of { $changed } areas is
} left out ({ $units }): it then lies between { $low } and { $high }.
finding-too-slow = This check was not run: { $count } refits would take about { $minutes } minutes.
finding-leave-one-out-many = With { $count } areas no single one can carry the result; this check was not needed.
finding-start-date-stable = Dating every start { one-period-moved } does not change the answer: { $effect } in place of { $original }.
finding-start-date-hangs = The answer hangs on how the start is dated. With every start { one-period-moved } it is { $effect } in place of { $original }.

## Why the certainty is what it is

reason-not-randomised = Nobody was drawn by lot. The areas may have differed in ways that the data do not show.
reason-interval-clear = The likely range lies on one side of zero.
reason-interval-both = The likely range holds both a fall and a rise.
reason-check-supports = Checks that support the answer: { $count }.
reason-pre-trends = Treated and comparison areas already moved apart before the start.
reason-placebo-in-time = The method finds an effect at a time when there was no programme.
reason-leave-one-out = The answer changes when a single area is left out.
reason-few-treated = Only { $count } { $count ->
    [one] area or group of areas was
   *[other] areas or groups of areas were
} treated. With so few, the likely range is often too narrow.
reason-methods-disagree = Another method gives a clear answer in the opposite direction: { $methods }.
reason-gate = A computation did not pass its own check: { $methods }.
