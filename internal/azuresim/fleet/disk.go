package fleet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"syscall"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
)

// Directories of a disk. They belong to the user that scripts run as. The directory above them does not, so that scripts cannot replace
// them.
const (
	webDir    = "www"    // content that the web server serves
	scriptDir = "script" // where scripts are downloaded to and run
	homeDir   = "home"
	tempDir   = "tmp"
)

// disk is an instance's disk from one boot to the next, and the scripts that wait for it. The fleet accesses it through root, because
// scripts may leave symbolic links behind.
type disk struct {
	dir    string
	root   *os.Root
	ctx    context.Context // ends with the disk
	cancel context.CancelCauseFunc
	made   time.Time
	tally  tally // of the web server

	// Under the fleet's lock.
	queue   []job
	working bool // a goroutine works the queue off
	retired bool // to be discarded when no script runs on it
}

func (f *Fleet) makeDisk(image guest.Image) (*disk, error) {
	// Scripts of all instances run as the same user. They may pass through the scratch directory, but cannot guess the name of another
	// instance's disk.
	dir, err := os.MkdirTemp(f.scratch, "disk-")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	d := &disk{dir: dir, root: root, made: time.Now()}
	if err := d.fill(image, f.sandbox); err != nil {
		root.Close()
		return nil, err
	}
	d.ctx, d.cancel = context.WithCancelCause(f.ctx)
	return d, nil
}

func (d *disk) fill(image guest.Image, c sandbox) error {
	for _, name := range []string{webDir, scriptDir, homeDir, tempDir} {
		if err := d.root.Mkdir(name, 0o755); err != nil {
			return err
		}
	}
	for name, content := range image.Files {
		if err := d.writeWeb(name, content); err != nil {
			return fmt.Errorf("writing the image's file %q: %w", name, err)
		}
	}
	return fs.WalkDir(d.root.FS(), ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		return d.root.Lchown(name, c.uid, c.gid)
	})
}

func (d *disk) writeWeb(name string, content []byte) error {
	if !filepath.IsLocal(name) {
		return errors.New("it leads out of the web root")
	}
	name = path.Join(webDir, name)
	if err := d.root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	return d.root.WriteFile(name, content, 0o644)
}

// freshScriptDir empties the script directory: what one script downloaded or left is no part of the next.
func (d *disk) freshScriptDir(c sandbox) error {
	if err := d.root.RemoveAll(scriptDir); err != nil {
		return err
	}
	if err := d.root.Mkdir(scriptDir, 0o755); err != nil {
		return err
	}
	return d.root.Lchown(scriptDir, c.uid, c.gid)
}

// writeScript puts a downloaded file into the script directory, ready to be executed. No process may start while the file is open for
// writing: that process, of another instance, would hold it open for a moment, and executing it would fail with "text file busy".
func (d *disk) writeScript(name string, content []byte, c sandbox) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	name = path.Join(scriptDir, name)
	if err := d.root.WriteFile(name, content, 0o755); err != nil {
		return err
	}
	return d.root.Lchown(name, c.uid, c.gid)
}

func (d *disk) path(name string) string { return filepath.Join(d.dir, name) }

// retire takes the instance's disk away and ends its scripts. The disk is discarded when the last script has ended. The fleet is locked.
func (f *Fleet) retire(m *instance, cause error) {
	d := m.disk.Swap(nil)
	if d == nil {
		return
	}
	d.cancel(cause)
	d.retired = true
	if !d.working {
		f.tasks.Go(func() { f.discard(d) })
	}
}

func (f *Fleet) discard(d *disk) {
	d.unmount()
	if err := removeTree(d.dir); err != nil {
		f.options.Logger.Error("Removing a disk failed", "dir", d.dir, "error", err)
	}
}

// unmount releases the disk's directory; its content stays.
func (d *disk) unmount() {
	if d != nil {
		d.cancel(nil)
		d.root.Close()
	}
}

// removeTree removes a directory with all in it, also where a script took its own permissions away.
func removeTree(dir string) error {
	if os.RemoveAll(dir) == nil {
		return nil
	}
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		return os.Chmod(name, 0o700)
	})
	if err != nil {
		return err
	}
	return os.RemoveAll(dir)
}
