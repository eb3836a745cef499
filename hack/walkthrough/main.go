// Command walkthrough proves that what people do by hand today works against the simulator, with the Azure CLI that they have, and
// that a VMSSRollout does the same: it runs the rows of the walkthrough, then a canary by hand and by the manager on the same scale
// set, and compares where both end and what they cost. Everything it starts ends with it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

func main() {
	write := flag.String("write", "", "a Markdown file whose generated part is to have this run's figures")
	parts := flag.String("parts", "a,b,d,canary", "what is played: letters of the walkthrough, and the canary both ways")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	err := run(ctx, strings.Split(*parts, ","), *write)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "walkthrough:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, parts []string, write string) (err error) {
	if _, err := exec.LookPath("az"); err != nil {
		return errors.New("the Azure CLI is missing: apt-get install azure-cli, or https://aka.ms/azure-cli")
	}
	st := &stage{}
	defer func() { err = errors.Join(err, st.strike()) }()
	if err := st.setUp(ctx); err != nil {
		return fmt.Errorf("setting up: %w", err)
	}
	report, err := st.play(ctx, parts)
	report.print(os.Stdout)
	if err != nil {
		st.showLogs()
		return err
	}
	if write != "" {
		return report.write(write)
	}
	return nil
}

// canary is the part that is no letter: the canary by hand and by the manager.
const canary = "canary"

// play plays the parts that were asked for.
func (st *stage) play(ctx context.Context, parts []string) (*report, error) {
	r := &report{}
	for _, part := range parts {
		if part == canary {
			continue
		}
		rows, err := st.runRows(ctx, part)
		r.rows = append(r.rows, rows...)
		if err != nil {
			return r, err
		}
	}
	if err := r.failure(); err != nil || !slices.Contains(parts, canary) {
		return r, err
	}
	for _, kind := range []string{"script", "image"} {
		c, err := st.compare(ctx, kind)
		if err != nil {
			return r, fmt.Errorf("comparing the canary by %s: %w", kind, err)
		}
		r.comparisons = append(r.comparisons, c)
	}
	return r, nil
}
