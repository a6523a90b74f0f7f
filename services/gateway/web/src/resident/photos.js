// Photos from a phone are ten times larger than anybody needs to see what is on them, and tell where they were taken.
const LONGEST = 1600;
const QUALITY = 0.85;

/** The photo drawn anew: at most 1600 px, without what the camera wrote into it; as it is if it cannot be read. */
export async function smaller(file) {
	try {
		const image = await createImageBitmap(file);
		const scale = Math.min(1, LONGEST / Math.max(image.width, image.height));
		const canvas = document.createElement("canvas");
		canvas.width = Math.round(image.width * scale);
		canvas.height = Math.round(image.height * scale);
		canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
		image.close();
		const drawn = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
		return drawn ?? file;
	} catch {
		return file;
	}
}
