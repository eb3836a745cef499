package checks

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/cel-go/cel"
)

const (
	// maxExpression is far more than a comparison needs.
	maxExpression = 1024
	// maxExpressionCost is CEL's cost of one evaluation. Comparing a value with a baseline costs about ten; a thousand evaluations at this
	// cost take some ten milliseconds.
	maxExpressionCost = 10_000
)

// expression is a CEL expression over value (also called canary), baseline, samples and args. It is safe for concurrent use.
type expression struct {
	program     cel.Program
	hasBaseline bool
}

func compileExpression(text string, hasBaseline bool) (*expression, error) {
	if len(text) > maxExpression {
		return nil, fmt.Errorf("an expression has at most %d bytes", maxExpression)
	}
	variables := []cel.EnvOption{
		cel.CrossTypeNumericComparisons(true), // so that value < 1 is as good as value < 1.0
		cel.Variable("value", cel.DoubleType), cel.Variable("canary", cel.DoubleType), cel.Variable("samples", cel.DoubleType),
		cel.Variable("args", cel.MapType(cel.StringType, cel.StringType)),
	}
	if hasBaseline {
		variables = append(variables, cel.Variable("baseline", cel.DoubleType))
	}
	env, err := cel.NewEnv(variables...)
	if err != nil {
		return nil, fmt.Errorf("preparing CEL: %w", err)
	}
	checked, issues := env.Compile(text)
	if issues.Err() != nil {
		return nil, fmt.Errorf("compiling the expression (numbers are decimals, as in 2.0 * value): %w", issues.Err())
	}
	if checked.OutputType() != cel.BoolType {
		return nil, fmt.Errorf("the expression is of type %s; it must say true or false", checked.OutputType())
	}
	program, err := env.Program(checked, cel.CostLimit(maxExpressionCost), cel.InterruptCheckFrequency(100))
	if err != nil {
		return nil, fmt.Errorf("preparing the expression: %w", err)
	}
	return &expression{program: program, hasBaseline: hasBaseline}, nil
}

// holds evaluates. CEL's own errors quote values, which are numbers and declared arguments only.
func (e *expression) holds(ctx context.Context, n numbers) (bool, error) {
	variables := map[string]any{"value": n.value, "canary": n.value, "samples": n.samples, "args": n.args}
	if e.hasBaseline {
		variables["baseline"] = n.baseline
	}
	result, _, err := e.program.ContextEval(ctx, variables)
	if err != nil {
		return false, fmt.Errorf("evaluating the expression: %w", err)
	}
	isTrue, isBool := result.Value().(bool)
	if !isBool {
		return false, errors.New("the expression did not say true or false")
	}
	return isTrue, nil
}
