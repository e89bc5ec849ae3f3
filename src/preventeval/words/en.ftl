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
