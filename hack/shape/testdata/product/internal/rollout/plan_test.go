package rollout

type TestsDoNotCount struct{ A, B, C, D, E, F int }
