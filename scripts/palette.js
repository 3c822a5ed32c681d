// A screenshot, as base64 of a PNG, with `most` colours: its width, height, palette and pixels (base64).
async ([shot, most]) => {
  const image = new Image();
  image.src = `data:image/png;base64,${shot}`;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
  canvas.drawImage(image, 0, 0);
  const { data } = canvas.getImageData(0, 0, image.width, image.height);
  const counts = new Map();
  const colour = (at) => (data[at] << 16) | (data[at + 1] << 8) | data[at + 2];
  for (let at = 0; at < data.length; at += 4) counts.set(colour(at), (counts.get(colour(at)) ?? 0) + 1);

  // Median cut: the box whose colours differ most, weighed by how often they occur, is halved next.
  const part = (value, channel) => (value >> (16 - 8 * channel)) & 255;
  const box = (colours) => {
    const spans = [0, 1, 2].map((channel) => {
      const values = colours.map((one) => part(one, channel));
      return values.reduce((a, b) => Math.max(a, b)) - values.reduce((a, b) => Math.min(a, b));
    });
    const channel = spans.indexOf(Math.max(...spans));
    const weight = colours.reduce((sum, one) => sum + counts.get(one), 0);
    return { colours, channel, cost: colours.length > 1 ? spans[channel] ** 2 * Math.sqrt(weight) : 0 };
  };
  const boxes = [box([...counts.keys()])];
  while (boxes.length < most) {
    const worst = boxes.reduce((a, b) => (b.cost > a.cost ? b : a));
    if (!worst.cost) break;
    const sorted = worst.colours.toSorted((a, b) => part(a, worst.channel) - part(b, worst.channel));
    const middle = sorted.length >> 1;
    boxes.splice(boxes.indexOf(worst), 1, box(sorted.slice(0, middle)), box(sorted.slice(middle)));
  }
  const place = new Map();
  const palette = boxes.flatMap(({ colours }, number) => {
    colours.forEach((one) => place.set(one, number));
    const weight = colours.reduce((sum, one) => sum + counts.get(one), 0);
    const sum = (channel) => colours.reduce((total, one) => total + part(one, channel) * counts.get(one), 0);
    return [0, 1, 2].map((channel) => Math.round(sum(channel) / weight));
  });
  const pixels = new Uint8Array(data.length / 4);
  for (let at = 0; at < data.length; at += 4) pixels[at / 4] = place.get(colour(at));
  let text = "";
  for (let at = 0; at < pixels.length; at += 32768) text += String.fromCharCode(...pixels.subarray(at, at + 32768));
  return [image.width, image.height, palette, btoa(text)];
}
