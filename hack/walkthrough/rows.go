package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"

	"github.com/vmss-rollouts/vmss-rollouts/hack/subprocess"
	"github.com/vmss-rollouts/vmss-rollouts/hack/testenv"
)

// row is a line of the walkthrough: what must be seen, and whether it was.
type row struct {
	name, seen string
	passed     bool
}

// rowLine is how scripts/lib.sh says how a row went.
var rowLine = regexp.MustCompile(`^row (\w+) (passed|FAILED) \(\d+ s\): (.*)$`)

// runRows runs a letter's script and judges what it showed.
func (st *stage) runRows(ctx context.Context, letter string) ([]row, error) {
	var shown []row
	err := st.script(ctx, letter+".sh", nil, func(line string) {
		if m := rowLine.FindStringSubmatch(line); m != nil {
			shown = append(shown, row{name: m[1], passed: m[2] == "passed", seen: m[3]})
		}
	})
	rows, err := judge(letter, shown, err)
	return rows, firstOf(context.Cause(ctx), err)
}

// script runs one of our scripts to its end, shows what it prints, and has each line looked at.
func (st *stage) script(ctx context.Context, name string, args []string, look func(line string)) error {
	in, out, err := os.Pipe()
	if err != nil {
		return err
	}
	defer in.Close()
	cmd := exec.CommandContext(ctx, st.file("scripts/"+name), args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = st.scriptEnvironment(), out, out
	cmd.Cancel = func() error { return subprocess.Interrupt(cmd.Process.Pid) }
	cmd.WaitDelay = testenv.StopGrace
	ended := make(chan error, 1)
	go func() {
		ended <- subprocess.Run(cmd)
		out.Close()
	}()
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		fmt.Println(lines.Text())
		if look != nil {
			look(lines.Text())
		}
	}
	if err := <-ended; err != nil {
		return fmt.Errorf("running %s: %w", name, err)
	}
	return lines.Err()
}
