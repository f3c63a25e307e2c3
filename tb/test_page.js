// Runs inside the explorer's page, put there by test_page_browser.sh together with `wanted`, which that made from the
// CSV: rows; drawn: points with both values, a plot; up, down: rows by area per MAC, la: by LA; filters: [text, rows].
// A line a check to the console. `errors`: gathered by the first script of the page.
addEventListener('load', async () => {
  const lines = [], list = q => [...document.querySelectorAll(q)], $1 = q => document.querySelector(q);
  const text = v => (typeof v === 'string' ? v : JSON.stringify(v));
  const is = (what, got, want) => lines.push(text(got) === text(want) ? `ok ${what}` : `FAIL ${what}: wanted ${text(want)}, got ${text(got)}`);
  const holds = (what, yes, got = '') => lines.push(yes ? `ok ${what}` : `FAIL ${what}: got ${text(got)}`);
  const wait = ms => new Promise(done => setTimeout(done, ms));
  const data = JSON.parse($1('#data').textContent), points = data.points, column = key => data.columns.find(c => c.key === key);
  const charts = () => list('canvas').map(c => Chart.getChart(c)), chart = n => charts()[n];
  const sets = n => chart(n).data.datasets.map((set, k) => ({ set, elements: chart(n).getDatasetMeta(k).data })).filter(s => !s.set.front);
  const drawn = n => sets(n).flatMap(({ set, elements }) => set.data.map((p, k) => ({ ...p, at: elements[k] })));
  const rowsShown = () => list('#table button.name').map(b => points.findIndex(p => p.name === b.title));
  const input = (element, value, event) => { element.value = value; element.dispatchEvent(new Event(event, { bubbles: true })); };
  const filter = value => input($1('#filter'), value, 'input');
  const mouse = (n, type, at) => {
    const box = chart(n).canvas.getBoundingClientRect();
    chart(n).canvas.dispatchEvent(new MouseEvent(type, { clientX: box.left + at.x, clientY: box.top + at.y, bubbles: true }));
  };
  // Until it holds, five seconds at most; what follows says whether it did.
  const until = async test => { for (let n = 0; n < 100 && !test(); n++) await wait(50); };
  const sorted = a => [...a].sort((x, y) => x - y);
  const header = key => list('#table thead th').find(th => th.title.split('; ').includes(`key: ${key}`));
  const dark = () => { const [r, g, b] = getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number); return r + g + b < 384; };
  // Contrast as WCAG has it.
  const light = c => c.map(v => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, k) => sum + v * [0.2126, 0.7152, 0.0722][k], 0);
  const rgb = s => s.match(/[\d.]+/g).slice(0, 3).map(Number);
  const contrast = (a, b) => { const [x, y] = [light(rgb(a)), light(rgb(b))]; return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05); };
  const readable = () => {
    const style = q => getComputedStyle($1(q)), page = style('body').backgroundColor, panel = style('.plot').backgroundColor;
    const probe = document.createElement('i');
    document.body.append(probe);
    const dots = list('#legend span[style]').map(s => s.style.color).map(c => { probe.style.color = c; return getComputedStyle(probe).color; });
    probe.remove();
    const texts = [[style('body').color, page], [style('#how').color, page], [style('.plot').color, panel], [style('td button.name').color, page]];
    return [Math.min(...texts.map(t => contrast(...t))) >= 4.5, Math.min(...dots.map(c => contrast(c, panel))) >= 1.9];
  };
  try {
    const fits = n => chart(n) && chart(n).canvas.getBoundingClientRect().width <= list('.plot')[n].clientWidth;
    await until(() => wanted.drawn.every((_, n) => fits(n)));
    is('rows', rowsShown().length, wanted.rows);
    is('the preferred colours', dark(), wanted.dark);
    holds('no scrolling sideways', document.documentElement.scrollWidth <= innerWidth, [document.documentElement.scrollWidth, innerWidth]);
    wanted.drawn.forEach((count, n) => {
      const all = drawn(n), { chartArea: area, canvas, currentDevicePixelRatio: ratio } = chart(n);
      const copy = document.createElement('canvas'), ink = copy.getContext('2d', { willReadFrequently: true });
      Object.assign(copy, { width: canvas.width, height: canvas.height });
      ink.drawImage(canvas, 0, 0);
      is(`plot ${n}: points drawn`, all.length, count);
      holds(`plot ${n}: inside the axes`, all.every(({ at }) => at.x >= area.left && at.x <= area.right && at.y >= area.top && at.y <= area.bottom));
      holds(`plot ${n}: ink where they are`, all.every(({ at }) => ink.getImageData(at.x * ratio, at.y * ratio, 1, 1).data[3] > 0));
      const note = list('.plot > p')[n].textContent;
      holds(`plot ${n}: says how many`, note.startsWith(`${count} of ${wanted.rows} points`), note);
      is(`plot ${n}: and what is missing`, /lack|no values/.test(note), count < wanted.rows);
      holds(`plot ${n}: fits its box`, fits(n));
    });
    is('plots', list('canvas').length, wanted.drawn.length);
    holds('no unit is lost', data.columns.every(c => !header(c.key) || header(c.key).textContent.includes(c.unit ?? '')));
    if (wanted.full) {
      // The front by its definition: nobody is as good in both and better in one.
      const front = (n, sx, sy) => {
        const all = drawn(n), best = all.filter(p => !all.some(q => sx * q.x <= sx * p.x && sy * q.y <= sy * p.y && (q.x !== p.x || q.y !== p.y)));
        const line = chart(n).data.datasets.filter(s => s.front).flatMap(s => s.data);
        is(`front of ${chart(n).options.scales.y.title.text} against ${chart(n).options.scales.x.title.text}`,
          [...new Set(line.map(p => `${p.x} ${p.y}`))].sort(), [...new Set(best.map(p => `${p.x} ${p.y}`))].sort());
        const xs = line.map(p => p.x);
        is('it goes from left to right', xs, sorted(xs));
      };
      [0, 1, 2].forEach(n => front(n, 1, 1));
      const select = n => list('.plot')[n].querySelectorAll('select');
      input(select(2)[0], 'fmax_mhz', 'change');
      is('another axis', chart(2).options.scales.y.title.text, `${column('fmax_mhz').title} [MHz]`);
      front(2, 1, -1);
      input(select(2)[1], 'utilisation_decode', 'change');
      front(2, -1, -1);
      const rivals = new Set(points.filter(p => !p.format.startsWith('bcq')).map(p => p.format));
      is('a shape a rival', new Set(sets(0).filter(s => s.set.rival).map(s => s.set.pointStyle)).size, Math.min(6, rivals.size));
      is('bcq: circles', [...new Set(sets(0).filter(s => !s.set.rival).map(s => s.set.pointStyle))], ['circle']);
      const legend = () => list('#legend li').map(l => l.textContent.slice(1));
      const before = legend();
      input($1('#colour'), 'lb', 'change');
      holds('colour by another parameter', before.includes('bcq, NC 8') && legend().includes('bcq, LB 8') && !legend().includes('bcq, NC 8'), legend());
      input($1('#colour'), 'nc', 'change');

      const order = async (key, what, got, want) => {
        header(key).click();
        await until(() => text(got()) === text(want));
        is(what, got(), want);
      };
      const lastRows = () => sorted(rowsShown().slice(-wanted.absent.length));
      const la = rows => rows.slice(0, wanted.la.length).map(i => points[i].la);
      await order('ge_per_mac', 'sorted up', rowsShown, wanted.up);
      await order('ge_per_mac', 'sorted down', rowsShown, wanted.down);
      await order('la', 'sorted by number, not text', () => la(rowsShown()), la(wanted.la));
      await order('pj_per_mac', 'absent values last', lastRows, sorted(wanted.absent));
      await order('pj_per_mac', 'absent values last again', lastRows, sorted(wanted.absent));

      for (const [words, rows] of wanted.filters) {
        filter(words);
        is(`filter ${words}: table`, sorted(rowsShown()), rows);
        is(`filter ${words}: plot`, sorted(drawn(0).map(p => p.i)), rows);
        is(`filter ${words}: said`, $1('#count').textContent, `${rows.length} of ${wanted.rows} points`);
      }
      for (const words of ['absent=3', 'nmse<x', 'nmse=']) {
        filter(words);
        holds(`filter ${words}: refused in words`, $1('#problem').textContent.includes('wanted') && $1('#filter').ariaInvalid === 'true', $1('#problem').textContent);
      }
      filter('');
      is('filter away', rowsShown().length, wanted.rows);
      is('and its message', $1('#problem').textContent, '');

      // Points that stand alone, so that the mouse can mean no other.
      const all = drawn(0), alone = all.filter(p => all.every(q => q === p || Math.hypot(q.at.x - p.at.x, q.at.y - p.at.y) > 16));
      holds('points that stand alone', alone.length >= 4, alone.length);
      for (const p of alone) {
        mouse(0, 'mousemove', p.at);
        await until(() => chart(0).tooltip.title?.[0] === points[p.i].name);
        const { opacity, title, afterBody = [] } = chart(0).tooltip, told = afterBody.join('\n');
        is('hover: name', [opacity > 0, title], [true, [points[p.i].name]]);
        holds('hover: figures and configuration', ['format', 'lb', 'la', 'nc', 'b', 'ew'].every(k => (points[p.i][k] ?? null) === null
          || told.includes(`${column(k).title} ${points[p.i][k]}`)) && told.includes('NMSE: '), told);
      }
      const p = alone[0], point = points[p.i], row = () => list('#table tbody > tr').find(tr => tr.querySelector('button.name')?.title === point.name);
      mouse(0, 'click', p.at);
      await until(() => $1('.detail'));
      is('click: the row is marked', list('#table tr.marked').map(tr => tr.querySelector('button').title), [point.name]);
      const shown = row().nextElementSibling.querySelector('.detail');
      holds('click: a detail', shown);
      is('click: the recipe', shown.querySelector('pre').textContent, point.recipe);
      is('click: every value', shown.querySelectorAll('dd').length, data.columns.filter(c => (point[c.key] ?? null) !== null).length);
      holds('click: the values as they are', [...shown.querySelectorAll('dd')].some(dd => dd.textContent === String(point.nmse)));
      is('click: keyboard goes there', document.activeElement.title, point.name);
      row().querySelector('button').click();
      is('row: closes', list('.detail').length, 0);
      row().querySelector('button').click();
      is('row: opens', [list('.detail').length, row().querySelector('button').ariaExpanded], [1, 'true']);
      row().querySelector('button').click();

      const canvas = chart(0).canvas, key = k => canvas.dispatchEvent(new KeyboardEvent('keydown', { key: k, bubbles: true }));
      const marked = () => $1('#table tr.marked button').title;
      key('ArrowRight');
      const one = marked();
      key('ArrowRight');
      const two = marked();
      key('ArrowLeft');
      holds('keys: to the next point and back', one !== two && marked() === one, [one, two, marked()]);
      is('keys: the point is told', chart(0).tooltip.title, [one]);
      key('Enter');
      is('keys: the detail', list('.detail').length, 1);

      const tick = list('#chooser label').find(l => l.textContent.trim() === 'Fmax [MHz]').querySelector('input');
      const had = Boolean(header('fmax_mhz'));
      tick.click();
      is('a column goes', [had, Boolean(header('fmax_mhz'))], [true, false]);
      tick.click();
      is('and comes', Boolean(header('fmax_mhz')), true);

      is('contrast: text, points', readable(), [true, true]);
      const ink = chart(0).options.scales.x.title.color;
      $1('#theme').click();
      is('the other colours', dark(), !wanted.dark);
      holds('of the plots too', chart(0).options.scales.x.title.color !== ink);
      is('contrast there', readable(), [true, true]);
      const name = document.documentElement.dataset.theme;
      dispatchEvent(new Event('beforeprint'));
      is('paper is white', dark(), false);
      dispatchEvent(new Event('afterprint'));
      is('and then as before', document.documentElement.dataset.theme, name);
    }
    is('loaded from elsewhere', performance.getEntriesByType('resource').map(e => e.name), []);
    is('errors', errors, []);
  } catch (e) {
    lines.push(`FAIL the test itself: ${e.stack}`);
  }
  for (const line of [...lines, 'end']) console.log(`RESULT ${line.replace(/\n/g, ' ')}`);
});
