package fleet

import (
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path"
	"sync/atomic"
	"syscall"
	"time"
)

// web is an instance's web server from Up to Down.
type web struct {
	server http.Server
	closed atomic.Bool
}

// serve starts the instance's web server on its site's listener.
func (f *Fleet) serve(m *instance) *web {
	w := &web{}
	w.server = http.Server{
		Handler:           &page{instance: m, owner: f.sandbox.uid},
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(f.options.Logger.Handler(), slog.LevelDebug),
		ConnState: func(c net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				f.tasks.Add(1)
				// Close does not know of a connection that is being accepted while it runs.
				if w.closed.Load() {
					c.Close()
				}
			case http.StateClosed:
				f.tasks.Done()
			default:
			}
		},
	}
	listener := m.site.listener
	f.tasks.Go(func() { _ = w.server.Serve(listener) }) // it ends when the listener or the server is closed
	return w
}

// close breaks all connections.
func (w *web) close() {
	w.closed.Store(true)
	w.server.Close()
}

// page answers with the files of the web root of the instance's disk.
type page struct {
	instance *instance
	owner    int // user that owns the files of the disk
}

// ServeHTTP answers with a file; a directory answers with its index.html, never with a list.
func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	d := p.instance.disk.Load()
	if d == nil || p.instance.sick.Load() {
		http.Error(w, "out of order", http.StatusServiceUnavailable)
		return
	}
	m := p.faultConfig(d)
	if m.isDead(d.made) {
		panic(http.ErrAbortHandler) // breaks the client's connection
	}
	name := path.Clean("/" + r.URL.Path)[1:]
	file, info := p.open(d, name)
	if file == nil && name == metricsPage {
		d.tally.tell(w)
		return
	}
	if file == nil {
		http.NotFound(w, r)
		return
	}
	defer file.Close()
	if m.errs(&d.tally) {
		d.tally.bad.Add(1)
		http.Error(w, "the release is at fault", http.StatusInternalServerError)
		return
	}
	d.tally.good.Add(1)
	// A page from before an upgrade must not be shown after it.
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, info.Name(), info.ModTime(), file)
}

// open finds a file of the web root, below which there is only what scripts and image put there.
func (p *page) open(d *disk, name string) (*os.File, fs.FileInfo) {
	www, err := d.root.OpenRoot(webDir)
	if err != nil {
		return nil, nil
	}
	defer www.Close()
	if info, err := www.Stat(path.Join(".", name)); err == nil && info.IsDir() {
		name = path.Join(name, "index.html")
	}
	// A named pipe, put there by a script, would otherwise keep the request waiting for a writer.
	file, err := www.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil
	}
	info, err := file.Stat()
	if err != nil || !p.servable(info) {
		file.Close()
		return nil, nil
	}
	return file, info
}

// servable reports whether a file is a plain file of the scripts' user: a hard link to another user's file is in the web root, but its
// content is from outside of it.
func (p *page) servable(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && info.Mode().IsRegular() && int(stat.Uid) == p.owner
}
