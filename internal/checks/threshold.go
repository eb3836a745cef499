package checks

import (
	"context"
	"errors"
	"fmt"
	"math"
)

// Threshold says which numbers are good: at least Min, at most Max, or what a CEL expression says of them. Min and Max may be declared
// together; an expression stands alone.
type Threshold struct {
	Min, Max *float64
	Expr     string
}

// numbers holds the values that a threshold judges.
type numbers struct {
	value    float64
	baseline float64
	samples  float64
	args     map[string]string
}

// limit is a threshold that was found to be well formed.
type limit struct {
	Threshold
	expression *expression
}

// compile reads a threshold. Only a check that measures a baseline may speak of it.
func (t Threshold) compile(hasBaseline bool) (limit, error) {
	if err := t.check(); err != nil || t.Expr == "" {
		return limit{Threshold: t}, err
	}
	e, err := compileExpression(t.Expr, hasBaseline)
	return limit{Threshold: t, expression: e}, err
}

func (t Threshold) check() error {
	hasBounds := t.Min != nil || t.Max != nil
	switch {
	case t.Expr == "" && !hasBounds:
		return errors.New("a threshold is min, max, or expr")
	case t.Expr != "" && hasBounds:
		return errors.New("a threshold is min and max, or expr, not both")
	case !isBound(t.Min) || !isBound(t.Max):
		return errors.New("min and max are numbers")
	case t.least() > t.most():
		return fmt.Errorf("min %s is above max %s", number(t.least()), number(t.most()))
	default:
		return nil
	}
}

func (t Threshold) least() float64 {
	if t.Min == nil {
		return math.Inf(-1)
	}
	return *t.Min
}

func (t Threshold) most() float64 {
	if t.Max == nil {
		return math.Inf(1)
	}
	return *t.Max
}

func isBound(v *float64) bool { return v == nil || !math.IsNaN(*v) && !math.IsInf(*v, 0) }

// judge measures a number against the limit. NaN is the result of dividing nothing by nothing, so it is no data. Infinity is beyond a
// maximum, as a latency above the last bucket is, but it never passes: something was divided by nothing.
func (l limit) judge(ctx context.Context, n numbers) Measurement {
	m := Measurement{Value: number(n.value), Threshold: l.String(), Samples: int(min(n.samples, math.MaxInt32))}
	if math.IsNaN(n.value) || math.IsNaN(n.baseline) {
		m.Outcome, m.Detail = NoData, "the result is not a number, as when nothing is divided by nothing"
		return m
	}
	isGood, err := l.holds(ctx, n)
	switch {
	case err != nil:
		m.Outcome, m.Detail = Error, err.Error()
	case isGood && math.IsInf(n.value, 0):
		m.Outcome, m.Detail = NoData, "the result is infinite, as when something is divided by nothing"
	case isGood:
		m.Outcome = Passed
	default:
		m.Outcome, m.Detail = Failed, fmt.Sprintf("%s is not %s", l.said(n), l)
	}
	return m
}

func (l limit) holds(ctx context.Context, n numbers) (bool, error) {
	if l.expression != nil {
		return l.expression.holds(ctx, n)
	}
	return l.least() <= n.value && n.value <= l.most(), nil
}

// said returns the measured value as text, with the baseline where one was measured.
func (l limit) said(n numbers) string {
	if l.expression != nil && l.expression.hasBaseline {
		return fmt.Sprintf("value %s with baseline %s", number(n.value), number(n.baseline))
	}
	return "value " + number(n.value)
}

// String is the limit for people.
func (l limit) String() string {
	switch {
	case l.Expr != "":
		return l.Expr
	case l.Min != nil && l.Max != nil:
		return fmt.Sprintf("between %s and %s", number(*l.Min), number(*l.Max))
	case l.Min != nil:
		return "at least " + number(*l.Min)
	default:
		return "at most " + number(*l.Max)
	}
}
