package hack

type Tool struct{ A, B, C, D, E, F int }
